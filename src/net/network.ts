/**
 * The pod network's host side, as a CNI plugin is to a kubelet: it gives a pod its address, its names
 * and the environment that loads the agent, and takes them back.
 *
 * What it gave is written to one file per pod in the socket directory; the agent reads that file,
 * and so does this, when a restarted control plane finds its pods still running.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { join } from "node:path";
import type { Clock } from "#lib/clock.ts";
import type { Rng } from "#lib/random.ts";
import { buildAgent } from "./agent/build.ts";
import { PROXY_VARIABLES, type AgentConfig, type Mount } from "./agent/config.ts";
import { TablePublisher } from "./control.ts";
import { dialTargets } from "./dial.ts";
import { resolveHost } from "./dns.ts";
import { connectError, lookupError } from "./errors.ts";
import { isLoopback, parseCidr, unmapIPv4 } from "./ip.ts";
import { Ipam } from "./ipam.ts";
import { withAgent } from "./node-options.ts";
import { AffinityMemory, classify, route, type Ranges, type RouteContext } from "./route.ts";
import type { LocalTarget } from "./sockets.ts";

/** What the network needs to know of a pod. */
export interface NetworkPod {
  uid: string;
  namespace: string;
  name: string;
  nodeName: string;
  /** spec.hostname or the pod's name. */
  hostname: string;
  subdomain?: string | undefined;
  serviceAccountName: string;
  labels: Record<string, string>;
  hostNetwork?: boolean | undefined;
  dnsPolicy?: string | undefined;
  dnsConfig?: { nameservers?: string[]; searches?: string[]; options?: { name?: string; value?: string }[] } | undefined;
  hostAliases?: { ip: string; hostnames?: string[] }[] | undefined;
  /** The address a running pod already has; used when its file was lost. */
  ip?: string | undefined;
}

export interface EnvironmentOptions {
  mounts: Mount[];
  /**
   * The unpacked image. With it, mounts inside it are found by relative paths too (`config/key` in
   * /app, with a volume at /app/config), and so are the image's own directories by absolute ones,
   * where the host has none of that name.
   */
  root?: string | undefined;
  /** NODE_OPTIONS of the image or the pod: kept, after the agent. */
  nodeOptions?: string | undefined;
  /**
   * Whether to set http_proxy, so that curl and wget in an exec'd shell reach cluster names; yes by
   * default. Node programs don't see it: the agent takes it away and gives it to their children.
   */
  proxy?: boolean | undefined;
}

export interface DialOptions {
  /** Who connects, as the pod sees it; the control plane's node by default. */
  source?: string | undefined;
  /** Connect as the pod itself would to its loopback: servers bound to 127.0.0.1 are reached too. */
  loopback?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export interface PodNetwork {
  /** Idempotent by uid. Throws an Error that says why when no address is left or the pod asks for what isn't there. */
  setup(pod: NetworkPod): Promise<{ ip: string }>;
  /** The address of a pod that was set up, by this or an earlier process. */
  ipOf(uid: string): string | undefined;
  environment(uid: string, options: EnvironmentOptions): Record<string, string>;
  teardown(uid: string): Promise<void>;
  /** Tears down every pod that isn't among these: what a crash left behind. */
  retain(uids: Iterable<string>): Promise<void>;
  /** Connects to a pod's, a Service's or a node's virtual address. Rejects as Node's connect does. */
  dial(ip: string, port: number, options?: DialOptions): Promise<net.Socket>;
  /** Connects as this pod would: names by its search path, 127.0.0.1 as its own, other addresses for real. */
  dialFrom(uid: string, host: string, port: number, signal?: AbortSignal): Promise<net.Socket>;
  /** A directory with a `node` that loads the agent: to be first on a container's PATH. */
  readonly binDir: string;
  readonly socketDir: string;
  readonly publisher: TablePublisher;
  /** Whether these are the credentials a pod shows to the HTTP proxy. */
  isProxyUser(uid: string, secret: string): boolean;
  close(): Promise<void>;
}

export interface NetworkOptions {
  /** From chooseSocketDirectory. */
  socketDir: string;
  /** Whether pods run as other users than this process. */
  shared?: boolean;
  /** The Node binary that pods run. */
  node: string;
  /** A node's own address and its pods' range; undefined for a node that isn't there. */
  nodeNetwork: (nodeName: string) => { ip: string; podCIDR: string } | undefined;
  /** As whom the control plane itself connects. */
  controlPlaneIP: string;
  ranges: { pods: string; services: string; nodes: string };
  /** `cluster.local` */
  domain: string;
  /** The cluster DNS's address. */
  nameserver: string;
  /** Directories that programs see under the host's own paths, whatever is mounted around them: the data directory, with images and volumes. */
  hostDirectories: string[];
  /** The HTTP proxy's port once it listens (proxy/http-proxy.ts). */
  proxyPort?: () => number | undefined;
  clock: Clock;
  random: Rng;
}

/** resolv.conf's own default, and what the kubelet writes for ClusterFirst. */
const DEFAULT_NDOTS = 1;
const CLUSTER_NDOTS = 5;

export async function startNetwork(options: NetworkOptions): Promise<PodNetwork> {
  const { socketDir, clock, random } = options;
  await prepareDirectory(socketDir, options.shared ?? false);
  const podsDir = join(socketDir, "pods");
  const binDir = join(socketDir, "bin");
  await mkdir(podsDir, { recursive: true });
  await mkdir(binDir, { recursive: true });
  const agent = await buildAgent(socketDir);
  await writeFile(join(binDir, "node"), `#!/bin/sh\nexec ${quote(options.node)} --require ${quote(agent)} "$@"\n`, { mode: 0o755 });

  const ranges: Ranges = { pods: parseCidr(options.ranges.pods), services: parseCidr(options.ranges.services), nodes: parseCidr(options.ranges.nodes) };
  const ipam = new Ipam();
  const configs = new Map<string, AgentConfig>();
  const affinity = new AffinityMemory();
  const publisher = new TablePublisher();
  const secret = await proxySecret(socketDir);

  for (const file of await readdir(podsDir)) {
    if (!file.endsWith(".json")) continue;
    const config = JSON.parse(await readFile(join(podsDir, file), "utf8")) as AgentConfig;
    const podCIDR = options.nodeNetwork(config.node)?.podCIDR;
    if (!podCIDR) continue;
    if (!config.hostNetwork) ipam.adopt(podCIDR, config.ip);
    configs.set(config.uid, config);
  }
  await publisher.listen(socketDir);

  async function remember(pod: NetworkPod, ip: string): Promise<void> {
    const config = configFor(pod, ip);
    const file = join(podsDir, `${pod.uid}.json`);
    await writeFile(`${file}.tmp`, JSON.stringify(config), { mode: 0o644 });
    await rename(`${file}.tmp`, file);
    configs.set(pod.uid, config);
  }

  function configFor(pod: NetworkPod, ip: string): AgentConfig {
    const { domain } = options;
    const clusterFirst = isClusterFirst(pod);
    const search = clusterFirst ? [`${pod.namespace}.svc.${domain}`, `svc.${domain}`, domain] : [];
    const aliases: Record<string, string[]> = { [pod.hostname.toLowerCase()]: [ip] };
    if (pod.subdomain) aliases[`${pod.hostname}.${pod.subdomain}.${pod.namespace}.svc.${domain}`.toLowerCase()] = [ip];
    for (const { ip: at, hostnames } of pod.hostAliases ?? []) {
      for (const name of hostnames ?? []) (aliases[name.toLowerCase()] ??= []).push(at);
    }
    const ndots = Number(pod.dnsConfig?.options?.find(({ name }) => name === "ndots")?.value ?? (clusterFirst ? CLUSTER_NDOTS : DEFAULT_NDOTS));
    return {
      uid: pod.uid,
      namespace: pod.namespace,
      name: pod.name,
      ip,
      hostname: pod.hostNetwork ? pod.nodeName : pod.hostname,
      node: pod.nodeName,
      hostNetwork: pod.hostNetwork ?? false,
      socketDir,
      ranges: options.ranges,
      resolver: { domain, search: [...search, ...(pod.dnsConfig?.searches ?? [])], ndots, aliases },
      nameserver: options.nameserver,
      hostDirectories: [...options.hostDirectories, socketDir],
    };
  }

  function nodeNetwork(pod: NetworkPod): { ip: string; podCIDR: string } {
    const found = options.nodeNetwork(pod.nodeName);
    if (!found) throw new Error(`no network for node ${pod.nodeName}`);
    return found;
  }

  function routeContext(source: { ip: string; node: string }): RouteContext {
    return { ranges, source, random, nowMs: clock.now(), affinity };
  }

  /** Ephemeral ports of connections the host side opens. */
  const sourcePort = (): number => 32768 + Math.floor(random() * 28232);

  function targetsOf(ip: string, port: number, source: { ip: string; node: string }): LocalTarget[] {
    return route(publisher.index, ip, port, routeContext(source));
  }

  async function removeSockets(ip: string): Promise<void> {
    for (const file of await readdir(socketDir)) if (file.startsWith(`${ip}_`)) await rm(join(socketDir, file), { force: true });
  }

  const network: PodNetwork = {
    binDir,
    socketDir,
    publisher,
    async setup(pod) {
      const known = configs.get(pod.uid);
      if (known) return { ip: known.ip };
      refuseUnsupported(pod);
      const node = nodeNetwork(pod);
      if (pod.hostNetwork) {
        await remember(pod, node.ip);
        return { ip: node.ip };
      }
      if (pod.ip) ipam.adopt(node.podCIDR, pod.ip);
      const ip = pod.ip ?? ipam.allocate(node.podCIDR);
      try {
        // An address given anew must not find another pod's sockets.
        if (!pod.ip) await removeSockets(ip);
        await remember(pod, ip);
      } catch (error) {
        ipam.release(ip);
        throw error;
      }
      return { ip };
    },
    ipOf: (uid) => configs.get(uid)?.ip,
    environment(uid, { mounts, root, nodeOptions, proxy = true }) {
      const config = configs.get(uid);
      if (!config) throw new Error(`pod ${uid} has no network`);
      const variables: Record<string, string> = {
        NODE_OPTIONS: withAgent(nodeOptions, agent),
        TIDEPOOL_AGENT: join(podsDir, `${uid}.json`),
        TIDEPOOL_SOCKET_DIR: socketDir,
        TIDEPOOL_POD_IP: config.ip,
        TIDEPOOL_MOUNTS: JSON.stringify(root === undefined ? mounts : [...mounts, ...imageRules(root, mounts)]),
      };
      const port = options.proxyPort?.();
      if (proxy && port !== undefined) {
        const url = `http://${uid}:${secret}@127.0.0.1:${port}`;
        variables.TIDEPOOL_PROXY = url;
        for (const name of PROXY_VARIABLES) variables[name] = url;
      }
      return variables;
    },
    async teardown(uid) {
      const config = configs.get(uid);
      if (!config) return;
      if (!config.hostNetwork) await removeSockets(config.ip);
      await rm(join(podsDir, `${uid}.json`), { force: true });
      configs.delete(uid);
      if (!config.hostNetwork) ipam.release(config.ip);
    },
    async retain(uids) {
      const kept = new Set(uids);
      for (const uid of configs.keys()) if (!kept.has(uid)) await network.teardown(uid);
    },
    dial(ip, port, { source = options.controlPlaneIP, loopback = false, signal } = {}) {
      const targets: LocalTarget[] = loopback && classify(ranges, ip) === "pod" ? [{ kind: "loopback", ip, port }] : targetsOf(ip, port, { ip: source, node: "" });
      const from = { ip: loopback ? "127.0.0.1" : source, port: sourcePort() };
      return dialTargets(targets, { socketDir, clock, source: from, wanted: { ip, port }, signal });
    },
    async dialFrom(uid, host, port, signal) {
      const config = configs.get(uid);
      if (!config) throw new Error(`pod ${uid} has no network`);
      const resolution = net.isIP(host) ? ({ kind: "addresses", ips: [unmapIPv4(host)] } as const) : resolveHost(publisher.index, config.resolver, host);
      if (resolution.kind === "missing") throw lookupError("ENOTFOUND", host);
      const source = { ip: config.ip, port: sourcePort() };
      const targets = resolution.kind === "outside" ? [{ kind: "outside" as const, ip: resolution.name, port }] : resolution.ips.flatMap((ip) => targetsFrom(config, ip, port));
      if (targets.length === 0) throw connectError("ECONNREFUSED", resolution.kind === "addresses" ? (resolution.ips[0] ?? host) : host, port);
      return dialTargets(targets, { socketDir, clock, source, wanted: { ip: host, port }, signal });
    },
    isProxyUser: (uid, given) => configs.has(uid) && given === secret,
    close: () => publisher.close(),
  };

  function targetsFrom(config: AgentConfig, ip: string, port: number): LocalTarget[] {
    if (isLoopback(ip)) return config.hostNetwork ? [{ kind: "outside", ip, port }] : [{ kind: "loopback", ip: config.ip, port }];
    return targetsOf(ip, port, { ip: config.ip, node: config.node });
  }

  return network;
}

/** ClusterFirst is the default, but not for pods on the host's network unless they ask for it. */
function isClusterFirst({ dnsPolicy = "ClusterFirst", hostNetwork }: NetworkPod): boolean {
  return dnsPolicy === "ClusterFirstWithHostNet" || (dnsPolicy === "ClusterFirst" && !hostNetwork);
}

function refuseUnsupported(pod: NetworkPod): void {
  if (pod.dnsPolicy === "None") throw new Error("dnsPolicy None is not supported: there is no name server process to replace the cluster's DNS with");
  if (pod.dnsConfig?.nameservers?.length) throw new Error("dnsConfig.nameservers is not supported: cluster names are resolved in the pod's process");
}

/**
 * The socket directory. Where pods run as other users it is open to all, as /tmp is; then it must
 * be ours, not one that somebody else put there first.
 */
async function prepareDirectory(directory: string, shared: boolean): Promise<void> {
  await mkdir(directory, { recursive: true, mode: shared ? 0o1777 : 0o700 });
  const found = await lstat(directory);
  if (!found.isDirectory() || (process.getuid && found.uid !== process.getuid())) {
    throw new Error(`${directory} is not a directory of this user's; remove it and start again`);
  }
  await chmod(directory, shared ? 0o1777 : 0o700);
}

/** What pods show to the HTTP proxy: kept over restarts, because their environments are. */
async function proxySecret(directory: string): Promise<string> {
  const file = join(directory, "proxy-secret");
  try {
    return await readFile(file, "utf8");
  } catch {
    const secret = randomBytes(16).toString("hex");
    await writeFile(file, secret, { mode: 0o600 });
    return secret;
  }
}

/** What a container without a chroot sees of its image; see {@link EnvironmentOptions.root}. */
function imageRules(root: string, mounts: Mount[]): Mount[] {
  const own = readdirSync(root).filter((name) => !existsSync(`/${name}`));
  return [
    ...mounts.map(({ path, hostPath }) => ({ path: join(root, path), hostPath })),
    ...own.filter((name) => !mounts.some(({ path }) => path === `/${name}`)).map((name) => ({ path: `/${name}`, hostPath: join(root, name) })),
  ];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

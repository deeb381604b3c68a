/**
 * kube-proxy's role: watches Services, EndpointSlices and Nodes, publishes the endpoint table to every
 * pod agent, and serves NodePorts and load balancers on this machine's own ports.
 */
import type { Clock } from "#lib/clock.ts";
import { errorMessage, type Logger } from "#lib/log.ts";
import type { Rng } from "#lib/random.ts";
import { isNotFound } from "#api/errors.ts";
import { endpointSlices, keyOf, nodes, services } from "#api/resources.ts";
import type { Service } from "#api/types.ts";
import type { Client } from "#client/client.ts";
import type { EventRecorder } from "#client/events.ts";
import type { Informers } from "#client/informer.ts";
import type net from "node:net";
import { dialTargets } from "../dial.ts";
import { connectError, type SystemError } from "../errors.ts";
import { isLoopback, parseCidr, unmapIPv4 } from "../ip.ts";
import type { PodNetwork } from "../network.ts";
import { tablePlanner } from "../plan.ts";
import { AffinityMemory, serviceTargets, type Ranges } from "../route.ts";
import type { HostAddress } from "../table.ts";
import { planListeners, type Listener, type Refusal } from "./listeners.ts";
import { NodePorts } from "./node-ports.ts";

/** Changes within this time make one table: a rollout changes many slices at once. */
const GATHER_MS = 2;

export interface ProxierOptions {
  client: Client;
  informers: Informers;
  network: PodNetwork;
  recorder: EventRecorder;
  clock: Clock;
  random: Rng;
  log: Logger;
  ranges: { pods: string; services: string; nodes: string };
  /** Virtual `ip:port` of a node to a real address: the API server's. */
  hosts: Record<string, HostAddress>;
  /** As whom clients from outside appear to pods: a node's address, since kube-proxy masquerades them. */
  nodeIP: string;
  /** As whom they appear with externalTrafficPolicy Local, when they come from this machine itself. */
  gatewayIP: string;
  /** The real address NodePorts and load balancers listen at: 127.0.0.1 unless the user opens the cluster up. */
  listenAddress: string;
  /** A LoadBalancer Service's port to this machine's. */
  loadBalancerPorts: ReadonlyMap<number, number>;
}

export interface Proxier {
  /** Resolves when the first table is out. */
  started: Promise<void>;
  stop(): Promise<void>;
}

export function startProxier(options: ProxierOptions): Proxier {
  const { client, informers, network, recorder, clock, random, listenAddress } = options;
  const log = options.log.named("proxy");
  const ranges: Ranges = { pods: parseCidr(options.ranges.pods), services: parseCidr(options.ranges.services), nodes: parseCidr(options.ranges.nodes) };
  const sources = { services: informers.for(services), slices: informers.for(endpointSlices), nodes: informers.for(nodes) };
  const plan = tablePlanner();
  const affinity = new AffinityMemory();
  const told = new Set<string>();
  const bound = new Map<number, string | undefined>();
  let cancelSync: (() => void) | undefined;
  let stopped = false;

  const nodePorts = new NodePorts({ address: listenAddress, clock, log, connect, onBound });

  function sync(): void {
    cancelSync = undefined;
    const all = sources.services.list();
    network.publisher.publish(plan({ services: all, slices: sources.slices.list(), nodes: sources.nodes.list(), hosts: options.hosts, nodeRange: ranges.nodes }));
    const { listeners, refusals } = planListeners(all, options.loadBalancerPorts);
    nodePorts.reconcile(listeners);
    for (const port of bound.keys()) if (!listeners.some(({ hostPort }) => hostPort === port)) bound.delete(port);
    for (const refusal of refusals) tell(refusal);
    for (const service of all) void writeStatus(service, listeners);
  }

  function schedule(): void {
    if (!stopped) cancelSync ??= clock.after(GATHER_MS, sync);
  }

  /** A connection from this machine's own network to a Service port. */
  function connect(listener: Listener, from: string): Promise<net.Socket> {
    const [namespace, name] = listener.service.split("/") as [string, string];
    const table = network.publisher.index;
    const service = table.service(namespace, name);
    const port = service?.ports.find((candidate) => candidate.name === listener.portName && candidate.protocol === "TCP");
    const wanted = { ip: options.nodeIP, port: listener.servicePort };
    if (!service || !port) return Promise.reject(connectError("ECONNREFUSED", wanted.ip, wanted.port));
    // Affinity goes by the true client; what the pod sees is masqueraded, unless the policy is Local.
    const address = unmapIPv4(from);
    const visible = service.externalLocal ? (isLoopback(address) ? options.gatewayIP : address) : options.nodeIP;
    const targets = serviceTargets(table, service, port, { ranges, source: { ip: address, node: "" }, random, nowMs: clock.now(), affinity });
    return dialTargets(targets, { socketDir: network.socketDir, clock, source: { ip: visible, port: 32768 + Math.floor(random() * 28232) }, wanted });
  }

  function onBound(listener: Listener, error: SystemError | undefined): void {
    bound.set(listener.hostPort, error?.code);
    const where = `${listenAddress}:${listener.hostPort}`;
    const about = { service: listener.service };
    if (error) {
      log.error(`${where} can't be served for ${listener.service}`, { error: errorMessage(error) });
      tell({ ...about, reason: "PortUnavailable", message: `port ${listener.servicePort} is not served at ${where}: ${bindProblem(error)}; will try again` });
    } else if (listener.kind === "LoadBalancer" && listener.hostPort !== listener.servicePort) {
      tell({ ...about, reason: "PortMapped", message: `port ${listener.servicePort} is served at ${where}` }, "Normal");
    }
    schedule();
  }

  /** An Event on the Service, once while this process runs. */
  function tell({ service, reason, message }: Refusal, type: "Normal" | "Warning" = "Warning"): void {
    const object = sources.services.get(service);
    const identity = `${object?.metadata.uid} ${reason} ${message}`;
    if (!object || told.has(identity)) return;
    told.add(identity);
    recorder.event(object, type, reason, message);
  }

  async function writeStatus(service: Service, listeners: Listener[]): Promise<void> {
    const ingress = loadBalancerIngress(service, listeners, bound, listenAddress);
    const current = service.status?.loadBalancer?.ingress;
    if (JSON.stringify(ingress) === JSON.stringify(current)) return;
    try {
      const { name, namespace } = service.metadata;
      await client.patch(services, { name: name!, namespace, subresource: "status" }, "merge", { status: { loadBalancer: { ingress: ingress ?? null } } });
    } catch (error) {
      if (!isNotFound(error)) log.warn(`status of Service ${keyOf(service)} was not written`, { error: errorMessage(error) });
    }
  }

  let unsubscribe: (() => void)[] = [];
  const started = Promise.all(Object.values(sources).map((informer) => informer.whenSynced())).then(() => {
    if (stopped) return;
    const handler = { set: schedule, delete: schedule };
    unsubscribe = [sources.services.subscribe(handler), sources.slices.subscribe(handler), sources.nodes.subscribe(handler)];
    cancelSync?.();
    sync();
  });

  return {
    started,
    async stop() {
      stopped = true;
      cancelSync?.();
      for (const end of unsubscribe) end();
      await nodePorts.close();
    },
  };
}

/**
 * status.loadBalancer.ingress for a Service: absent until all its ports are tried. A port that can't be
 * bound stands there with its error, as the API has it for load balancers that fail partly.
 */
export function loadBalancerIngress(
  service: Service,
  listeners: Listener[],
  bound: ReadonlyMap<number, string | undefined>,
  address: string,
): NonNullable<NonNullable<Service["status"]>["loadBalancer"]>["ingress"] {
  const own = listeners.filter((listener) => listener.kind === "LoadBalancer" && listener.service === keyOf(service));
  if (own.length === 0 || own.some(({ hostPort }) => !bound.has(hostPort))) return undefined;
  const ports = own.map(({ hostPort, servicePort }) => {
    const error = bound.get(hostPort);
    return { port: servicePort, protocol: "TCP", ...(error ? { error } : {}) };
  });
  if (ports.every(({ error }) => error)) return undefined;
  return [{ ip: address === "0.0.0.0" ? "127.0.0.1" : address, ipMode: "Proxy", ports }];
}

function bindProblem(error: SystemError): string {
  if (error.code === "EADDRINUSE") return "another program uses the port";
  if (error.code === "EACCES") return "this user may not bind the port";
  return error.message;
}

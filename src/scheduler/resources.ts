/**
 * What a pod asks for and what a node has to give.
 * @see https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/component-helpers/resource/helpers.go
 */
import { parseBytes, parseCpuMillis, parseQuantity } from "#lib/quantity.ts";
import type { Container, Node, Pod } from "#api/types.ts";

/** Amounts by resource name: CPU in thousandths of a core, everything else in its base unit (bytes, pieces). */
export type Amounts = Map<string, number>;

/** A pod that asks for nothing still counts as this much when nodes are compared (not when they are filled). */
const DEFAULT_REQUESTS: Amounts = new Map([
  ["cpu", 100],
  ["memory", 200 * 1024 * 1024],
]);

function amount(name: string, quantity: string): number {
  if (name === "cpu") return parseCpuMillis(quantity);
  return name === "memory" || name === "ephemeral-storage" ? parseBytes(quantity) : Math.ceil(parseQuantity(quantity));
}

function amounts(quantities: Record<string, string> | undefined): Amounts {
  return new Map(Object.entries(quantities ?? {}).map(([name, quantity]) => [name, amount(name, quantity)]));
}

function add(total: Amounts, more: Amounts): void {
  for (const [name, value] of more) total.set(name, (total.get(name) ?? 0) + value);
}

function raise(total: Amounts, floor: Amounts): void {
  for (const [name, value] of floor) total.set(name, Math.max(total.get(name) ?? 0, value));
}

/**
 * The pod's requests: its containers and sidecars together, or the largest init container on top of
 * the sidecars that run by then, whichever is more; plus overhead. Pod-level requests go before all that.
 */
export function podRequests(pod: Pod, ofContainer: (container: Container) => Amounts = containerRequests): Amounts {
  const running: Amounts = new Map();
  for (const container of pod.spec.containers) add(running, ofContainer(container));
  const sidecars: Amounts = new Map();
  const initial: Amounts = new Map();
  for (const container of pod.spec.initContainers ?? []) {
    const requests = ofContainer(container);
    if (container.restartPolicy === "Always") {
      add(running, requests);
      add(sidecars, requests);
      raise(initial, sidecars);
    } else {
      const peak = new Map(sidecars);
      add(peak, requests);
      raise(initial, peak);
    }
  }
  raise(running, initial);
  for (const [name, value] of amounts(pod.spec.resources?.requests)) running.set(name, value);
  add(running, amounts(pod.spec.overhead));
  return running;
}

function containerRequests(container: Container): Amounts {
  return amounts(container.resources?.requests);
}

/** Requests for comparing nodes: CPU and memory that a container leaves open count with a default. */
export function podRequestsForScoring(pod: Pod): Amounts {
  return podRequests(pod, (container) => new Map([...DEFAULT_REQUESTS, ...containerRequests(container)]));
}

export function allocatable(node: Node): Amounts {
  return amounts(node.status?.allocatable ?? node.status?.capacity);
}

/** Host ports the pod takes: `TCP/0.0.0.0/8080`. */
export function hostPorts(pod: Pod): { protocol: string; ip: string; port: number }[] {
  return [...pod.spec.containers, ...(pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always")]
    .flatMap((container) => container.ports ?? [])
    .flatMap(({ hostPort, hostIP, protocol }) => (hostPort ? [{ protocol: protocol ?? "TCP", ip: hostIP || "0.0.0.0", port: hostPort }] : []));
}

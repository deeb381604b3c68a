/**
 * The downward API: a pod's own fields and resources, for environment variables and volumes.
 * @see https://kubernetes.io/docs/concepts/workloads/pods/downward-api/
 */
import { parseBytes, parseQuantity } from "#lib/quantity.ts";
import type { Container, Pod } from "#api/types.ts";

/** What only the node knows of a pod. */
export interface PodFacts {
  podIP: string;
  hostIP: string;
  nodeName: string;
  /** The node's allocatable resources stand in for limits that aren't set. */
  allocatable: { cpuMillis: number; memoryBytes: number; ephemeralStorageBytes: number };
}

/** The value of a field path. Throws on a path that isn't served, in Kubernetes' words. */
export function fieldValue(pod: Pod, fieldPath: string, facts: PodFacts): string {
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(fieldPath);
  if (subscript) return pod.metadata[subscript[1] as "labels" | "annotations"]?.[subscript[2]!] ?? "";
  switch (fieldPath) {
    case "metadata.name":
      return pod.metadata.name!;
    case "metadata.namespace":
      return pod.metadata.namespace!;
    case "metadata.uid":
      return pod.metadata.uid!;
    case "metadata.labels":
      return formatMap(pod.metadata.labels);
    case "metadata.annotations":
      return formatMap(pod.metadata.annotations);
    case "spec.nodeName":
      return facts.nodeName;
    case "spec.serviceAccountName":
      return pod.spec.serviceAccountName ?? "default";
    case "status.podIP":
    case "status.podIPs":
      return facts.podIP;
    case "status.hostIP":
    case "status.hostIPs":
      return facts.hostIP;
  }
  throw new Error(`unsupported fieldPath: ${fieldPath}`);
}

/** One `key="value"` per line, sorted, as the downward API volume prints maps. */
function formatMap(map: Record<string, string> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join("\n");
}

/** The value of `limits.cpu`, `requests.memory` and their like, in units of the divisor, rounded up. */
export function resourceValue(container: Container, resource: string, divisor: string | undefined, facts: PodFacts): string {
  const [list, name] = split(resource);
  const limit = container.resources?.limits?.[name];
  const own = list === "limits" ? limit : (container.resources?.requests?.[name] ?? limit);
  const unit = divisor && divisor !== "0" ? parseQuantity(divisor) : 1;
  const amount = own === undefined ? (list === "limits" ? allocatable(name, facts) : 0) : name === "cpu" ? parseQuantity(own) : parseBytes(own);
  // Rounded first: 0.3 / 0.001 must not become 301.
  return String(Math.ceil(Number((amount / unit).toFixed(6))));
}

function split(resource: string): ["limits" | "requests", "cpu" | "memory" | "ephemeral-storage"] {
  const parsed = /^(limits|requests)\.(cpu|memory|ephemeral-storage)$/.exec(resource);
  if (!parsed) throw new Error(`unsupported container resource: ${resource}`);
  return [parsed[1] as "limits", parsed[2] as "cpu"];
}

function allocatable(name: string, facts: PodFacts): number {
  if (name === "cpu") return facts.allocatable.cpuMillis / 1000;
  return name === "memory" ? facts.allocatable.memoryBytes : facts.allocatable.ephemeralStorageBytes;
}

/**
 * What `kubectl get pods` shows.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/printers/internalversion/printers.go (printPod)
 */
import type { Column } from "../scheme.ts";
import type { ContainerStatus, Pod } from "../types.ts";
import { NONE, ageColumn, column, nameColumn, since, wide } from "./columns.ts";

export const podColumns: Column<Pod>[] = [
  nameColumn(),
  column("Ready", "The aggregate readiness state of this pod for accepting traffic.", (pod) => {
    const { ready, total } = summarizePod(pod);
    return `${ready}/${total}`;
  }),
  column("Status", "The aggregate status of the containers in this pod.", (pod) => summarizePod(pod).status),
  column(
    "Restarts",
    "The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.",
    (pod, nowMs) => {
      const { restarts, lastRestart } = summarizePod(pod);
      return restarts !== 0 && lastRestart ? `${restarts} (${since(lastRestart, nowMs)} ago)` : String(restarts);
    },
  ),
  ageColumn(),
  wide(column("IP", "podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet allocated.", ({ status }) => status?.podIPs?.[0]?.ip || status?.podIP || NONE)),
  wide(column("Node", "NodeName indicates in which node this pod is scheduled.", ({ spec }) => spec.nodeName || NONE)),
  wide(column("Nominated Node", "nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be scheduled right away as preemption victims receive their graceful termination periods.", ({ status }) => status?.nominatedNodeName || NONE)),
  wide(column("Readiness Gates", "If specified, all readiness gates will be evaluated for pod readiness.", readinessGates)),
];

interface PodSummary {
  ready: number;
  total: number;
  status: string;
  restarts: number;
  /** When a container last ended, if any did. */
  lastRestart: string | undefined;
}

/** The one-line state of a pod: what its containers wait for or ended with counts more than its phase. */
export function summarizePod(pod: Pod): PodSummary {
  const { status = {}, spec } = pod;
  const gated = status.conditions?.some(({ type, reason }) => type === "PodScheduled" && reason === "SchedulingGated");
  const phase = status.phase ?? "";
  const sidecars = new Set((spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always").map(({ name }) => name));
  const init = summarizeInit(pod, sidecars);
  let summary: PodSummary = {
    ready: init.ready,
    total: spec.containers.length + sidecars.size,
    status: init.status ?? (gated ? "SchedulingGated" : status.reason || phase),
    restarts: init.restarts,
    lastRestart: init.lastRestart,
  };
  if (init.status === undefined || isTrue(pod, "Initialized")) summary = summarizeContainers(pod, sidecars, summary);
  const terminal = phase === "Succeeded" || phase === "Failed";
  if (pod.metadata.deletionTimestamp) {
    if (status.reason === "NodeLost") summary.status = "Unknown";
    else if (!terminal) summary.status = "Terminating";
  }
  return summary;
}

/** `status` is undefined once every init container has done its part. */
function summarizeInit(pod: Pod, sidecars: Set<string>): Pick<PodSummary, "ready" | "restarts" | "lastRestart"> & { status: string | undefined } {
  const statuses = pod.status?.initContainerStatuses ?? [];
  const seen: ContainerStatus[] = [];
  let ready = 0;
  let status: string | undefined;
  for (const [i, container] of statuses.entries()) {
    seen.push(container);
    const { terminated, waiting } = container.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecars.has(container.name) && container.started) {
      if (container.ready) ready++;
      continue;
    }
    if (terminated) status = `Init:${endReason(terminated)}`;
    else if (waiting?.reason && waiting.reason !== "PodInitializing") status = `Init:${waiting.reason}`;
    else status = `Init:${i}/${pod.spec.initContainers?.length ?? 0}`;
    break;
  }
  return { ready, status, restarts: sum(seen), lastRestart: lastEnd(seen) };
}

function summarizeContainers(pod: Pod, sidecars: Set<string>, before: PodSummary): PodSummary {
  const statuses = pod.status?.containerStatuses ?? [];
  const counted = [...(pod.status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name)), ...statuses];
  let { status, ready } = before;
  let running = false;
  for (const container of [...statuses].reverse()) {
    const { waiting, terminated, running: runs } = container.state ?? {};
    if (waiting?.reason) status = waiting.reason;
    else if (terminated) status = endReason(terminated);
    else if (container.ready && runs) {
      running = true;
      ready++;
    }
  }
  if (status === "Completed" && running) status = isTrue(pod, "Ready") ? "Running" : "NotReady";
  return { ...before, status, ready, restarts: sum(counted), lastRestart: lastEnd(counted) };
}

function endReason({ reason, signal, exitCode }: { reason?: string; signal?: number; exitCode: number }): string {
  if (reason) return reason;
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`;
}

function sum(statuses: ContainerStatus[]): number {
  return statuses.reduce((total, { restartCount }) => total + restartCount, 0);
}

function lastEnd(statuses: ContainerStatus[]): string | undefined {
  const ends = statuses.map(({ lastState }) => lastState?.terminated?.finishedAt).filter((end) => end !== undefined);
  return ends.sort().at(-1);
}

function isTrue(pod: Pod, type: string): boolean {
  return pod.status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
}

function readinessGates({ spec, status }: Pod): string {
  const gates = spec.readinessGates ?? [];
  if (gates.length === 0) return NONE;
  const open = gates.filter(({ conditionType }) => status?.conditions?.find(({ type }) => type === conditionType)?.status === "True");
  return `${open.length}/${gates.length}`;
}

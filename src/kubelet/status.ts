/**
 * A pod's status from what the kubelet knows. Pure.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kubelet_pods.go (generateAPIPodStatus)
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/status/generate.go
 */
import { toTime } from "#lib/clock.ts";
import type { Container, ContainerState, ContainerStatus, Pod, PodCondition, PodStatus } from "#api/types.ts";
import { isInit, restartPolicy, restarts, type ContainerKind } from "./plan.ts";
import { qosClass } from "./qos.ts";
import type { ContainerRecord } from "./runtime.ts";

/** One container as the worker knows it. */
export interface ContainerSnapshot {
  spec: Container;
  kind: ContainerKind;
  /** The latest attempt and the one before. */
  last?: ContainerRecord | undefined;
  previous?: ContainerRecord | undefined;
  /** Why it doesn't run, where there is more to say than that it was never started. */
  waiting?: { reason: string; message?: string | undefined } | undefined;
  started: boolean;
  ready: boolean;
  /** What ran was made of an earlier spec; the next is to come. */
  changed?: boolean | undefined;
}

export interface PodSnapshot {
  pod: Pod;
  containers: ContainerSnapshot[];
  /** Network and volumes are there. */
  sandboxReady: boolean;
  podIP: string | undefined;
  hostIP: string;
  startTime: string;
  /** Everything has stopped for good, for the pod is being deleted. */
  terminated: boolean;
  /** Why the node has given the pod up. It has failed once nothing of it runs any more. */
  failure?: { reason: string; message: string } | undefined;
}

type Phase = "Pending" | "Running" | "Succeeded" | "Failed";

/** Conditions the kubelet owns; others' are left alone. */
const OWNED = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"] as const;

export function podStatus(snapshot: PodSnapshot, nowMs: number): PodStatus {
  const { pod, containers, podIP, hostIP } = snapshot;
  const init = containers.filter(({ kind }) => isInit(kind));
  const regular = containers.filter(({ kind }) => kind === "regular");
  const ephemeral = containers.filter(({ kind }) => kind === "ephemeral");
  const failed = snapshot.failure !== undefined && !containers.some(({ last }) => last && !last.exit);
  const phase = failed ? "Failed" : podPhase(pod, containers, snapshot.terminated);
  const generation = pod.metadata.generation;
  return {
    phase,
    ...(failed ? snapshot.failure : {}),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    conditions: conditions(snapshot, phase, nowMs),
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(podIP ? { podIP, podIPs: [{ ip: podIP }] } : {}),
    startTime: snapshot.startTime,
    ...(init.length > 0 ? { initContainerStatuses: init.map((container) => containerStatus(container, init.length > 0)) } : {}),
    containerStatuses: regular.map((container) => containerStatus(container, init.length > 0)),
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral.map((container) => containerStatus(container, false)) } : {}),
    qosClass: pod.status?.qosClass ?? qosClass(pod),
  };
}

/** @see https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase */
export function podPhase(pod: Pod, containers: ContainerSnapshot[], terminated: boolean): Phase {
  // A final phase stays.
  const known = pod.status?.phase;
  if (known === "Succeeded" || known === "Failed") return known;
  const policy = restartPolicy(pod);
  const regular = containers.filter(({ kind }) => kind === "regular");
  if (terminated) return regular.every(({ last }) => last?.exit?.code === 0) ? "Succeeded" : "Failed";
  const begun = regular.some(({ last }) => last !== undefined);
  for (const { kind, last, started } of containers) {
    if (begun || !isInit(kind)) continue;
    if (kind === "init" && last?.exit?.code !== 0) return policy === "Never" && last?.exit ? "Failed" : "Pending";
    if (kind === "sidecar" && !started) return "Pending";
  }
  if (regular.some(({ last }) => last === undefined)) return "Pending";
  // Sidecars end after the rest; until then the pod has not.
  const sidecarRuns = containers.some(({ kind, last }) => kind === "sidecar" && last && !last.exit);
  const lasting = regular.some(({ last, changed }) => !last!.exit || restarts(policy, { exitCode: last!.exit.code, changed }));
  if (lasting || sidecarRuns) return "Running";
  return regular.every(({ last }) => last!.exit!.code === 0) ? "Succeeded" : "Failed";
}

export function containerStatus(container: ContainerSnapshot, hasInit: boolean): ContainerStatus {
  const { spec, kind, last, previous, waiting } = container;
  let state: ContainerState;
  let lastState: ContainerState = previous?.exit ? terminated(previous) : {};
  if (last && !last.exit) state = { running: { startedAt: toTime(last.startedAtMs ?? last.createdAtMs) } };
  // One that is to be replaced has not ended for good: what has, under Never, may not be anything else again.
  else if (last && !waiting && !container.changed) state = terminated(last);
  else {
    state = { waiting: waiting ?? { reason: hasInit ? "PodInitializing" : "ContainerCreating" } };
    if (last) lastState = terminated(last);
  }
  const running = state.running !== undefined;
  return {
    name: spec.name,
    state,
    lastState,
    ready: kind === "init" ? last?.exit?.code === 0 : kind !== "ephemeral" && running && container.ready,
    restartCount: last?.config.attempt ?? 0,
    image: last?.config.image ?? spec.image!,
    imageID: last?.config.imageId ?? "",
    ...(last ? { containerID: `tidepool://${last.id}` } : {}),
    ...(kind === "ephemeral" ? {} : { started: running && container.started }),
  };
}

function terminated({ id, exit, createdAtMs, startedAtMs }: ContainerRecord): ContainerState {
  const { code, reason, message, finishedAtMs } = exit!;
  return {
    terminated: {
      exitCode: code,
      reason,
      ...(message ? { message } : {}),
      startedAt: toTime(startedAtMs ?? createdAtMs),
      finishedAt: toTime(finishedAtMs),
      containerID: `tidepool://${id}`,
    },
  };
}

interface Verdict {
  status: "True" | "False";
  reason?: string;
  message?: string;
}

function conditions(snapshot: PodSnapshot, phase: Phase, nowMs: number): PodCondition[] {
  const { pod } = snapshot;
  const containersReady = areContainersReady(snapshot.containers, phase);
  const verdicts: Record<(typeof OWNED)[number], Verdict> = {
    PodReadyToStartContainers: { status: snapshot.sandboxReady ? "True" : "False" },
    Initialized: isInitialized(snapshot.containers, phase),
    Ready: isReady(pod, containersReady),
    ContainersReady: containersReady,
    PodScheduled: { status: "True" },
  };
  return OWNED.map((type) => {
    const verdict = verdicts[type];
    const old = pod.status?.conditions?.find((condition) => condition.type === type);
    const generation = pod.metadata.generation;
    return {
      type,
      ...verdict,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      lastTransitionTime: old?.status === verdict.status && old.lastTransitionTime ? old.lastTransitionTime : toTime(nowMs),
    };
  });
}

function areContainersReady(containers: ContainerSnapshot[], phase: Phase): Verdict {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  const unready = containers.filter(({ kind, last, ready }) => (kind === "regular" || kind === "sidecar") && !(last && !last.exit && ready));
  if (unready.length === 0) return { status: "True" };
  return { status: "False", reason: "ContainersNotReady", message: `containers with unready status: [${names(unready)}]` };
}

function isInitialized(containers: ContainerSnapshot[], phase: Phase): Verdict {
  if (phase === "Succeeded") return { status: "True", reason: "PodCompleted" };
  if (containers.some(({ kind, last }) => kind === "regular" && last)) return { status: "True" };
  const incomplete = containers.filter(({ kind, last, started }) => (kind === "init" ? last?.exit?.code !== 0 : kind === "sidecar" && !started));
  if (incomplete.length === 0) return { status: "True" };
  return { status: "False", reason: "ContainersNotInitialized", message: `containers with incomplete status: [${names(incomplete)}]` };
}

function isReady(pod: Pod, containersReady: Verdict): Verdict {
  if (containersReady.status === "False") return containersReady;
  const closed: string[] = [];
  for (const { conditionType } of pod.spec.readinessGates ?? []) {
    const gate = pod.status?.conditions?.find(({ type }) => type === conditionType);
    if (!gate) closed.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
    else if (gate.status !== "True") closed.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`);
  }
  return closed.length === 0 ? { status: "True" } : { status: "False", reason: "ReadinessGatesNotReady", message: closed.join(", ") };
}

const names = (containers: ContainerSnapshot[]): string => containers.map(({ spec }) => spec.name).join(" ");

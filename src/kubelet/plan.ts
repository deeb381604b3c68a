/**
 * What to do for a pod, decided from its spec and the state of its containers. Pure: the worker
 * (pod-worker.ts) observes, asks here, and acts.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kuberuntime/kuberuntime_manager.go (computePodActions)
 */
import type { Pod } from "#api/types.ts";

/**
 * Init containers run to completion one after another; sidecars are init containers that stay (restartPolicy: Always);
 * ephemeral ones are added to a pod that is there already (`kubectl debug`) and run once.
 */
export type ContainerKind = "init" | "sidecar" | "regular" | "ephemeral";

/** Of `spec.initContainers`. */
export function isInit(kind: ContainerKind): kind is "init" | "sidecar" {
  return kind === "init" || kind === "sidecar";
}

export type RestartPolicy = "Always" | "OnFailure" | "Never";

export function restartPolicy(pod: Pod): RestartPolicy {
  return (pod.spec.restartPolicy ?? "Always") as RestartPolicy;
}

/** A container as the planner sees it. */
export interface ContainerView {
  name: string;
  kind: ContainerKind;
  state: "absent" | "running" | "exited";
  /** A start or a stop is under way; leave it alone. */
  busy: boolean;
  /** Running, its startup probe (if any) passed and its postStart hook done. */
  started: boolean;
  exitCode?: number | undefined;
  /** It may not be started before this time: crash or image-pull back-off. */
  retryAtMs?: number | undefined;
  /** The spec is no longer the one it was started with: another is started whatever the restart policy. */
  changed?: boolean | undefined;
  /** A liveness or startup probe, or a postStart hook, has given it up. */
  condemned?: { message: string; gracePeriodSeconds?: number | undefined } | undefined;
}

export interface PodView {
  restartPolicy: RestartPolicy;
  /** The pod is being deleted, evicted or has already reached a final phase: nothing starts any more. */
  terminating: boolean;
  /** In spec order, init containers first. */
  containers: ContainerView[];
}

export interface KillAction {
  name: string;
  message: string;
  /** The pod's own period where absent. */
  gracePeriodSeconds?: number | undefined;
}

export interface Plan {
  start: string[];
  kill: KillAction[];
  /** Containers that would start but for their back-off. */
  backingOff: string[];
  /** When to plan again without a new event. */
  wakeAtMs?: number | undefined;
  /** Nothing runs and nothing will run again. */
  finished: boolean;
}

export function planPod(pod: PodView, nowMs: number): Plan {
  const plan: Plan = { start: [], kill: [], backingOff: [], finished: false };
  const regular = pod.containers.filter((container) => container.kind === "regular");
  const init = pod.containers.filter(({ kind }) => isInit(kind));

  if (pod.terminating || failedInitialization(pod, init) || complete(pod, regular)) {
    stopAll(plan, pod.containers);
    return plan;
  }

  // They see the pod as it is, also one that can't get through its init containers, and decide nothing about it.
  for (const container of pod.containers) if (container.kind === "ephemeral" && container.state === "absent") start(plan, container, nowMs);

  // Init containers don't run again once a regular one has: after a restart of the node only the sidecars do.
  const initialized = regular.some((container) => container.state !== "absent");
  for (const container of init) {
    if (container.kind === "sidecar") {
      keepRunning(plan, container, nowMs);
      if (!initialized && !container.started) return plan;
    } else if (!initialized && !(container.state === "exited" && container.exitCode === 0)) {
      if (container.state !== "running") start(plan, container, nowMs);
      return plan;
    }
  }
  for (const container of regular) {
    if (container.state === "exited" && !restarts(pod.restartPolicy, container)) continue;
    keepRunning(plan, container, nowMs);
  }
  return plan;
}

/** Whether a container that has ended is started again. */
export function restarts(policy: RestartPolicy, container: Pick<ContainerView, "exitCode" | "changed">): boolean {
  return container.changed || policy === "Always" || (policy === "OnFailure" && container.exitCode !== 0);
}

function failedInitialization(pod: PodView, init: ContainerView[]): boolean {
  return (
    pod.restartPolicy === "Never" &&
    init.some((container) => container.kind === "init" && container.state === "exited" && container.exitCode !== 0 && !container.busy)
  );
}

/** All regular containers have ended for good; only then are sidecars stopped. */
function complete(pod: PodView, regular: ContainerView[]): boolean {
  return regular.every((container) => container.state === "exited" && !container.busy && !restarts(pod.restartPolicy, container));
}

function keepRunning(plan: Plan, container: ContainerView, nowMs: number): void {
  if (container.state !== "running") return start(plan, container, nowMs);
  if (container.condemned && !container.busy) plan.kill.push({ name: container.name, ...container.condemned });
}

function start(plan: Plan, container: ContainerView, nowMs: number): void {
  if (container.busy) return;
  if (container.retryAtMs !== undefined && container.retryAtMs > nowMs) {
    plan.backingOff.push(container.name);
    plan.wakeAtMs = Math.min(plan.wakeAtMs ?? Infinity, container.retryAtMs);
    return;
  }
  plan.start.push(container.name);
}

/** All but sidecars stop together; sidecars after them, last started first. */
function stopAll(plan: Plan, containers: ContainerView[]): void {
  const alive = (container: ContainerView): boolean => container.state === "running" || container.busy;
  const first = containers.filter((container) => container.kind !== "sidecar" && alive(container));
  const lastSidecar = containers.filter((container) => container.kind === "sidecar" && alive(container)).at(-1);
  const due = first.length > 0 ? first : lastSidecar ? [lastSidecar] : [];
  for (const { name, state, busy } of due) {
    if (state === "running" && !busy) plan.kill.push({ name, message: `Stopping container ${name}` });
  }
  plan.finished = due.length === 0;
}

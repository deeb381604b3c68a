import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "#api/types.ts";
import { nodeConditions } from "./node-status.ts";
import type { ContainerKind } from "./plan.ts";
import type { ContainerExit, ContainerRecord } from "./runtime.ts";
import { podStatus, type ContainerSnapshot } from "./status.ts";
import { unsupportedFields } from "./unsupported.ts";

function podWith(overrides: Partial<Pod["spec"]> = {}, status?: Pod["status"]): Pod {
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "web", namespace: "default", uid: "u", generation: 2 }, spec: { containers: [{ name: "main", image: "x" }], ...overrides }, ...(status ? { status } : {}) };
}

function attempt(name: string, number: number, exitCode?: number): ContainerRecord {
  const exit: ContainerExit | undefined = exitCode === undefined ? undefined : { code: exitCode, reason: exitCode === 0 ? "Completed" : "Error", finishedAtMs: 5_000 };
  return { id: `${name}${number}`, createdAtMs: 1_000, startedAtMs: 2_000, config: { attempt: number, image: "x", imageId: "x@sha256:1" } as ContainerRecord["config"], exit };
}

function container(name: string, more: Partial<ContainerSnapshot> & { kind?: ContainerKind } = {}): ContainerSnapshot {
  return { spec: { name, image: "x" }, kind: "regular", started: false, ready: false, ...more };
}

const running = (name: string, more: Partial<ContainerSnapshot> = {}): ContainerSnapshot => container(name, { last: attempt(name, 0), started: true, ready: true, ...more });
const exited = (name: string, code: number, more: Partial<ContainerSnapshot> = {}): ContainerSnapshot => container(name, { last: attempt(name, 0, code), ...more });

function statusOf(pod: Pod, containers: ContainerSnapshot[], terminated = false) {
  return podStatus({ pod, containers, sandboxReady: true, podIP: "10.244.1.2", hostIP: "172.30.0.3", startTime: "1970-01-01T00:00:00Z", terminated }, 60_000);
}

const phases: { name: string; policy?: string; containers: ContainerSnapshot[]; terminated?: boolean; expect: string }[] = [
  { name: "nothing started", containers: [container("a")], expect: "Pending" },
  { name: "one of two started", containers: [running("a"), container("b")], expect: "Pending" },
  { name: "init running", containers: [running("i", { kind: "init" }), container("a")], expect: "Pending" },
  { name: "init failed for good", policy: "Never", containers: [exited("i", 1, { kind: "init" }), container("a")], expect: "Failed" },
  { name: "all running", containers: [running("a"), running("b")], expect: "Running" },
  { name: "crashed, restarts", containers: [exited("a", 1)], expect: "Running" },
  { name: "crashed under OnFailure", policy: "OnFailure", containers: [exited("a", 1)], expect: "Running" },
  { name: "done under OnFailure", policy: "OnFailure", containers: [exited("a", 0)], expect: "Succeeded" },
  { name: "one failed under Never", policy: "Never", containers: [exited("a", 0), exited("b", 2)], expect: "Failed" },
  { name: "one still runs under Never", policy: "Never", containers: [exited("a", 1), running("b")], expect: "Running" },
  { name: "its sidecar still runs", policy: "Never", containers: [running("s", { kind: "sidecar" }), exited("a", 0)], expect: "Running" },
  { name: "an ephemeral one that failed", containers: [running("a"), exited("e", 1, { kind: "ephemeral" })], expect: "Running" },
  { name: "an ephemeral one beside one that isn't started", containers: [container("a"), running("e", { kind: "ephemeral" })], expect: "Pending" },
  { name: "an ephemeral one that still runs", policy: "Never", containers: [exited("a", 0), running("e", { kind: "ephemeral" })], expect: "Succeeded" },
  { name: "deleted, ended well", containers: [exited("a", 0)], terminated: true, expect: "Succeeded" },
  { name: "deleted, killed", containers: [exited("a", 137)], terminated: true, expect: "Failed" },
];
for (const { name, policy, containers, terminated, expect } of phases) {
  test(`phase: ${name} is ${expect}`, () => assert.equal(statusOf(podWith(policy ? { restartPolicy: policy } : {}), containers, terminated).phase, expect));
}

test("a pod that the node has given up has failed once nothing of it runs", () => {
  const failure = { reason: "DeadlineExceeded", message: "too long" };
  const of = (containers: ContainerSnapshot[]) => {
    const { phase, reason, message } = podStatus({ pod: podWith(), containers, sandboxReady: true, podIP: undefined, hostIP: "172.30.0.3", startTime: "1970-01-01T00:00:00Z", terminated: false, failure }, 60_000);
    return { phase, reason, message };
  };
  assert.deepEqual(of([exited("a", 0), running("b")]), { phase: "Running", reason: undefined, message: undefined });
  assert.deepEqual(of([exited("a", 0), exited("b", 0)]), { phase: "Failed", ...failure });
  assert.deepEqual(of([container("a")]), { phase: "Failed", ...failure });
});

test("ephemeral containers have a status of their own and no say in whether the pod is ready", () => {
  const ephemeral = [container("new", { kind: "ephemeral" }), running("debugger", { kind: "ephemeral", ready: false })];
  const { containerStatuses, ephemeralContainerStatuses, conditions } = statusOf(podWith(), [running("main"), ...ephemeral]);
  assert.deepEqual(containerStatuses!.map(({ name }) => name), ["main"]);
  assert.deepEqual(ephemeralContainerStatuses, [
    { name: "new", state: { waiting: { reason: "ContainerCreating" } }, lastState: {}, ready: false, restartCount: 0, image: "x", imageID: "" },
    {
      name: "debugger",
      state: { running: { startedAt: "1970-01-01T00:00:02Z" } },
      lastState: {},
      ready: false,
      restartCount: 0,
      image: "x",
      imageID: "x@sha256:1",
      containerID: "tidepool://debugger0",
    },
  ]);
  for (const type of ["Ready", "ContainersReady", "Initialized"]) assert.equal(conditions!.find((condition) => condition.type === type)!.status, "True", type);
});

test("a final phase stays final", () => {
  assert.equal(statusOf(podWith({}, { phase: "Failed" }), [running("a")]).phase, "Failed");
});

test("a restarting container waits, with its last run as its last state", () => {
  const waiting = { reason: "CrashLoopBackOff", message: "back-off 10s" };
  const [status] = statusOf(podWith(), [container("main", { last: attempt("main", 3, 1), previous: attempt("main", 2, 2), waiting })]).containerStatuses!;
  assert.deepEqual(status!.state, { waiting });
  assert.equal(status!.lastState!.terminated!.exitCode, 1);
  assert.equal(status!.restartCount, 3);
  assert.equal(status!.containerID, "tidepool://main3");
});

test("conditions say what is missing, and keep their times while they don't change", () => {
  const conditions = (containers: ContainerSnapshot[], pod = podWith()) =>
    Object.fromEntries(statusOf(pod, containers).conditions!.map(({ type, status, reason, message, lastTransitionTime }) => [type, [status, reason, message, lastTransitionTime]]));
  const pending = conditions([container("i", { kind: "init" }), container("main")]);
  assert.deepEqual(pending["Initialized"]!.slice(0, 3), ["False", "ContainersNotInitialized", "containers with incomplete status: [i]"]);
  assert.deepEqual(pending["Ready"]!.slice(0, 3), ["False", "ContainersNotReady", "containers with unready status: [main]"]);
  const gated = podWith({ readinessGates: [{ conditionType: "open" }] }, { conditions: [{ type: "ContainersReady", status: "True", lastTransitionTime: "1970-01-01T00:00:07Z" }] });
  const closed = conditions([running("main")], gated);
  assert.deepEqual(closed["ContainersReady"], ["True", undefined, undefined, "1970-01-01T00:00:07Z"]);
  assert.deepEqual(closed["Ready"], ["False", "ReadinessGatesNotReady", 'corresponding condition of pod readiness gate "open" does not exist.', "1970-01-01T00:01:00Z"]);
  gated.status!.conditions!.push({ type: "open", status: "True" });
  assert.equal(conditions([running("main")], gated)["Ready"]![0], "True");
});

test("a node's conditions keep their transition times and carry new heartbeats", () => {
  const fine = nodeConditions({ freeMemoryBytes: 2 ** 30, freeDiskBytes: 2 ** 34 }, 1_000, []);
  assert.deepEqual(fine.map(({ type, status }) => `${type}=${status}`), ["MemoryPressure=False", "DiskPressure=False", "PIDPressure=False", "Ready=True"]);
  const full = nodeConditions({ freeMemoryBytes: 2 ** 30, freeDiskBytes: 1 }, 9_000, fine);
  assert.deepEqual(full[1], { type: "DiskPressure", status: "True", reason: "KubeletHasDiskPressure", message: "kubelet has disk pressure", lastHeartbeatTime: "1970-01-01T00:00:09Z", lastTransitionTime: "1970-01-01T00:00:09Z" });
  assert.equal(full[3]!.lastTransitionTime, "1970-01-01T00:00:01Z");
});

test("what is refused is named by its path", () => {
  const pod = podWith({ hostPID: true, containers: [{ name: "a", image: "x", livenessProbe: { grpc: { port: 1 } }, resources: { limits: { "nvidia.com/gpu": "1", cpu: "1" } } }] });
  assert.deepEqual(unsupportedFields(pod), [
    "spec.hostPID is not supported by this node",
    "spec.containers[0].livenessProbe.grpc is not supported by this node",
    "spec.containers[0].resources.limits[nvidia.com/gpu] is not supported by this node",
  ]);
  assert.deepEqual(unsupportedFields(podWith()), []);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { BackOff, formatDuration } from "./backoff.ts";
import { planPod, type ContainerView, type PodView } from "./plan.ts";

/** `name`, `name:running`, `name:started`, `name:exit3`, `~` when its spec has changed, each with `!` when busy and `@ms` when backing off; `init/`, `sidecar/` and `ephemeral/` before it. */
function view(text: string): ContainerView {
  const parsed = /^(?:(init|sidecar|ephemeral)\/)?(\w+)(?::(running|started|exit)(\d+)?)?(~)?(!)?(?:@(\d+))?$/.exec(text);
  assert.ok(parsed, text);
  const [, kind = "regular", name, state, code, changed, busy, retryAt] = parsed;
  return {
    name: name!,
    kind: kind as ContainerView["kind"],
    state: state === undefined ? "absent" : state === "exit" ? "exited" : "running",
    busy: busy !== undefined,
    changed: changed !== undefined,
    started: state === "started",
    exitCode: state === "exit" ? Number(code ?? 0) : undefined,
    retryAtMs: retryAt === undefined ? undefined : Number(retryAt),
  };
}

interface Case {
  name: string;
  policy?: PodView["restartPolicy"];
  terminating?: boolean;
  containers: string[];
  expect: { start?: string[]; kill?: string[]; backingOff?: string[]; wakeAtMs?: number; finished?: boolean };
}

const cases: Case[] = [
  { name: "a new pod starts all its containers", containers: ["a", "b"], expect: { start: ["a", "b"] } },
  { name: "a busy container is left alone", containers: ["a!", "b:running"], expect: {} },
  { name: "init containers go one by one", containers: ["init/i", "init/j", "a"], expect: { start: ["i"] } },
  { name: "a running init container is waited for", containers: ["init/i:running", "a"], expect: {} },
  { name: "the next init container follows a success", containers: ["init/i:exit0", "init/j", "a"], expect: { start: ["j"] } },
  { name: "a failed init container is run again", containers: ["init/i:exit1", "a"], expect: { start: ["i"] } },
  { name: "a failed init container backs off", containers: ["init/i:exit1@500", "a"], expect: { backingOff: ["i"], wakeAtMs: 500 } },
  { name: "a failed init container ends a pod that never restarts", policy: "Never", containers: ["init/i:exit1", "a"], expect: { finished: true } },
  { name: "after the init containers the others start", containers: ["init/i:exit0", "a"], expect: { start: ["a"] } },
  { name: "init containers don't run again once others have", containers: ["init/i", "a:running"], expect: {} },
  { name: "a sidecar must be started before what follows it", containers: ["sidecar/s:running", "init/i", "a"], expect: {} },
  { name: "a started sidecar lets the next go", containers: ["sidecar/s:started", "init/i", "a"], expect: { start: ["i"] } },
  { name: "a dead sidecar is restarted beside the others", containers: ["sidecar/s:exit1", "a:running"], expect: { start: ["s"] } },
  { name: "a dead sidecar is restarted while an init container runs", containers: ["sidecar/s:exit0", "init/i:running", "a"], expect: { start: ["s"] } },
  { name: "Always restarts successes too", containers: ["a:exit0"], expect: { start: ["a"] } },
  { name: "OnFailure restarts failures", policy: "OnFailure", containers: ["a:exit1", "b:running"], expect: { start: ["a"] } },
  { name: "OnFailure leaves successes", policy: "OnFailure", containers: ["a:exit0", "b:running"], expect: {} },
  { name: "Never restarts nothing", policy: "Never", containers: ["a:exit1", "b:running"], expect: {} },
  { name: "a pod is finished when all have ended for good", policy: "Never", containers: ["a:exit1", "b:exit0"], expect: { finished: true } },
  { name: "sidecars end after the others have", policy: "OnFailure", containers: ["sidecar/s:started", "a:exit0"], expect: { kill: ["s"] } },
  { name: "a restart waits for its back-off, the earliest wakes", containers: ["a:exit1@900", "b:exit1@700", "c:exit1@5"], expect: { start: ["c"], backingOff: ["a", "b"], wakeAtMs: 700 } },
  { name: "a deleted pod stops everything but sidecars first", terminating: true, containers: ["sidecar/s:started", "sidecar/t:started", "a:running", "b:running!"], expect: { kill: ["a"] } },
  { name: "then its sidecars, last one first", terminating: true, containers: ["sidecar/s:started", "sidecar/t:started", "a:exit0"], expect: { kill: ["t"] } },
  { name: "a deleted pod is finished when nothing runs", terminating: true, containers: ["sidecar/s:exit0", "a:exit137", "b"], expect: { finished: true } },
  { name: "a container whose spec has changed is started again under Never", policy: "Never", containers: ["a:exit0~", "b:exit0"], expect: { start: ["a"] } },
  { name: "an ephemeral container starts beside the others", containers: ["a:running", "ephemeral/e"], expect: { start: ["e"] } },
  { name: "an ephemeral container starts also while init containers hold the rest back", containers: ["init/i:running", "a", "ephemeral/e"], expect: { start: ["e"] } },
  { name: "an ephemeral container that waits for its image", containers: ["a:running", "ephemeral/e@500"], expect: { backingOff: ["e"], wakeAtMs: 500 } },
  { name: "an ephemeral container is never restarted", containers: ["a:running", "ephemeral/e:exit1"], expect: {} },
  { name: "an ephemeral container doesn't keep a pod from its end", policy: "Never", containers: ["a:exit0", "ephemeral/e:started"], expect: { kill: ["e"] } },
  { name: "an ephemeral container doesn't start in a pod that ends", policy: "Never", containers: ["a:exit0", "ephemeral/e"], expect: { finished: true } },
  { name: "a deleted pod stops its ephemeral containers before its sidecars", terminating: true, containers: ["sidecar/s:started", "a:exit0", "ephemeral/e:running"], expect: { kill: ["e"] } },
  { name: "a deleted pod waits for what is being started", terminating: true, containers: ["a!"], expect: {} },
];

for (const { name, policy = "Always", terminating = false, containers, expect } of cases) {
  test(`plan: ${name}`, () => {
    const { start, kill, backingOff, wakeAtMs, finished } = planPod({ restartPolicy: policy, terminating, containers: containers.map(view) }, 100);
    assert.deepEqual({ start, kill: kill.map((action) => action.name), backingOff, wakeAtMs, finished }, { start: [], kill: [], backingOff: [], wakeAtMs: undefined, finished: false, ...expect });
  });
}

test("plan: a container that its probe has given up is killed with the probe's words", () => {
  const condemned = { message: "Container a failed liveness probe, will be restarted", gracePeriodSeconds: 3 };
  const plan = planPod({ restartPolicy: "Always", terminating: false, containers: [{ ...view("a:started"), condemned }] }, 0);
  assert.deepEqual(plan.kill, [{ name: "a", ...condemned }]);
});

test("back-off doubles from 10 s to 5 min, counts from the end, and is forgotten after 10 quiet minutes", () => {
  const backOff = new BackOff();
  assert.equal(backOff.waitUntil("k", 0, 0), undefined);
  const delays: number[] = [];
  let nowMs = 0;
  for (let i = 0; i < 7; i++) {
    backOff.next("k", nowMs, nowMs);
    delays.push(backOff.waitUntil("k", nowMs, nowMs)! - nowMs);
    nowMs += delays.at(-1)!;
  }
  assert.deepEqual(delays, [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  assert.equal(backOff.waitUntil("k", nowMs + 599_000, nowMs + 599_000) !== undefined, false);
  backOff.next("k", nowMs + 601_000, nowMs + 601_000);
  assert.equal(backOff.delayMs("k"), 10_000);
  backOff.forget("k");
  assert.equal(backOff.delayMs("k"), 0);
});

test("durations read as Go prints them", () => {
  assert.deepEqual([10_000, 160_000, 300_000, 3_600_000].map(formatDuration), ["10s", "2m40s", "5m0s", "1h0m0s"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#lib/clock.ts";
import type { Container, Probe } from "#api/types.ts";
import { initialState, record, type Outcome } from "./probe-state.ts";
import { Prober } from "./prober.ts";

test("thresholds decide, errors change nothing", () => {
  const probe: Probe = { failureThreshold: 2, successThreshold: 2 };
  let state = initialState("readiness");
  const results: (boolean | string)[] = [];
  for (const result of ["success", "error", "success", "failure", "success", "failure", "failure"] as const) {
    const next = record(state, probe, { result, message: "" });
    state = next.state;
    results.push(state.passing);
  }
  assert.deepEqual(results, [false, false, true, true, true, true, false]);
  assert.equal(initialState("liveness").passing, true);
});

/** A prober whose probes answer what `answers` says at the time, and what came of it. */
function setUp(container: Partial<Container>, known?: { started: boolean; ready: boolean }) {
  const clock = new FakeClock(0);
  const log: string[] = [];
  const answers = { startup: false, liveness: true, readiness: true };
  const which = (probe: Probe): keyof typeof answers => (probe === container.startupProbe ? "startup" : probe === container.livenessProbe ? "liveness" : "readiness");
  const attempts: string[] = [];
  const prober: Prober = new Prober({
    clock,
    container: { name: "main", ...container },
    known,
    attempt: (probe): Promise<Outcome> => {
      attempts.push(`${clock.now()} ${which(probe)}`);
      return Promise.resolve({ result: answers[which(probe)] ? "success" : "failure", message: "no" });
    },
    onChange: () => log.push(`${clock.now()} ${prober.started ? "started" : "starting"} ${prober.ready ? "ready" : "unready"}`),
    onCondemned: (type) => log.push(`${clock.now()} condemned by ${type}`),
    onUnhealthy: (type) => log.push(`${clock.now()} unhealthy ${type}`),
  });
  return { clock, prober, log, answers, attempts };
}

const probe: Probe = { exec: { command: ["x"] }, periodSeconds: 10, failureThreshold: 3 };

test("without probes a running container is started and ready", () => {
  const { prober } = setUp({});
  assert.deepEqual([prober.started, prober.ready], [true, true]);
});

test("readiness is asked soon and ever more seldom until it is there, and only the periodic failures count", async () => {
  const { clock, prober, log, answers, attempts } = setUp({ readinessProbe: { httpGet: { port: 80 }, periodSeconds: 10 } });
  answers.readiness = false;
  await clock.advance(9_999);
  assert.equal(log.length, 0);
  assert.ok(attempts.length > 5 && attempts.length < 35, attempts.join());
  await clock.advance(1);
  assert.deepEqual(log, ["10000 unhealthy readiness"]);
  answers.readiness = true;
  await clock.advance(1_000);
  assert.equal(prober.ready, true);
  const soFar = attempts.length;
  await clock.advance(10_000);
  assert.equal(attempts.length, soFar + 1, "then only by its period");
});

test("an unready container comes back at its next success", async () => {
  const { clock, log, answers } = setUp({ readinessProbe: { ...probe, failureThreshold: 1 } });
  await clock.advance(1_000);
  answers.readiness = false;
  await clock.advance(10_000);
  answers.readiness = true;
  await clock.advance(10_000);
  assert.deepEqual(log, ["250 started ready", "10000 unhealthy readiness", "10000 started unready", "20000 started ready"]);
});

test("liveness condemns once, at its threshold", async () => {
  const { clock, log, answers } = setUp({ livenessProbe: { ...probe, initialDelaySeconds: 5 } });
  answers.liveness = false;
  await clock.advance(100_000);
  assert.deepEqual(log, ["15000 unhealthy liveness", "25000 unhealthy liveness", "35000 unhealthy liveness", "35000 condemned by liveness"]);
});

test("a startup probe holds the others back", async () => {
  const { clock, prober, answers, attempts } = setUp({ startupProbe: { ...probe }, livenessProbe: { ...probe }, readinessProbe: { ...probe } });
  await clock.advance(15_000);
  assert.deepEqual([prober.started, prober.ready], [false, false]);
  assert.ok(attempts.every((attempt) => attempt.endsWith("startup")));
  answers.startup = true;
  await clock.advance(2_000);
  assert.deepEqual([prober.started, prober.ready], [true, true]);
});

test("a startup probe that never succeeds condemns", async () => {
  const { clock, log } = setUp({ startupProbe: { ...probe, periodSeconds: 1 } });
  await clock.advance(10_000);
  assert.equal(log.at(-1), "3000 condemned by startup");
});

test("what an earlier kubelet knew holds until a probe says otherwise", async () => {
  const { clock, prober, answers } = setUp({ startupProbe: { ...probe }, readinessProbe: { ...probe } }, { started: true, ready: true });
  assert.deepEqual([prober.started, prober.ready], [true, true]);
  answers.readiness = false;
  await clock.advance(30_000);
  assert.equal(prober.ready, false);
});

test("a stopped prober asks no more", async () => {
  const { clock, prober, attempts } = setUp({ livenessProbe: { ...probe }, readinessProbe: { ...probe } });
  prober.stop();
  await clock.advance(60_000);
  assert.deepEqual(attempts, []);
  assert.equal(clock.pending, 0);
});

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { goldenTests } from "#lib/golden.ts";
import type { Job, Pod } from "#api/types.ts";
import { recordEnds, remainingBackoffMs, type FailureRecord } from "./backoff.ts";
import { COMPLETION_INDEX, formatIndexes, parseIndexes } from "./indexes.ts";
import { planJob } from "./plan.ts";
import { INDEX_FAILURES, TRACKING_FINALIZER } from "./tally.ts";

/** Pods in short: `is` is running, ready, pending, succeeded, failed; `exit` its container's code. Times are seconds; it is now 1000. */
interface PodCase {
  name: string;
  is?: "running" | "ready" | "pending" | "succeeded" | "failed";
  index?: number;
  indexFailures?: number;
  deleting?: boolean;
  counted?: boolean;
  exit?: number;
  ended?: number;
  restarts?: number;
  condition?: string;
}

interface Case {
  spec?: Partial<Job["spec"]> & { restartPolicy?: string };
  status?: Job["status"];
  deleting?: boolean;
  pods?: PodCase[];
  failures?: FailureRecord;
}

const at = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(".000", "");
const PHASES = { running: "Running", ready: "Running", pending: "Pending", succeeded: "Succeeded", failed: "Failed" };

function podOf({ name, is = "running", index, indexFailures, deleting, counted, exit, ended = 900, restarts = 0, condition }: PodCase): Pod {
  const annotations = { ...(index === undefined ? {} : { [COMPLETION_INDEX]: String(index) }), ...(indexFailures === undefined ? {} : { [INDEX_FAILURES]: String(indexFailures) }) };
  const over = is === "succeeded" || is === "failed";
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "shop", uid: name, annotations, ...(counted ? {} : { finalizers: [TRACKING_FINALIZER] }), ...(deleting ? { deletionTimestamp: at(990) } : {}) },
    spec: { containers: [] },
    status: {
      phase: PHASES[is],
      conditions: [...(is === "ready" ? [{ type: "Ready", status: "True" }] : []), ...(condition ? [{ type: condition, status: "True" }] : [])],
      containerStatuses: [
        { name: "main", image: "", imageID: "", ready: false, restartCount: restarts, ...(over ? { state: { terminated: { exitCode: exit ?? (is === "failed" ? 1 : 0), finishedAt: at(ended) } } } : {}) },
      ],
    },
  };
}

goldenTests<Case>(join(import.meta.dirname, "testdata"), ({ spec = {}, status, deleting, pods = [], failures = { count: 0, lastMs: 0 } }) => {
  const { restartPolicy = "Never", ...rest } = spec;
  const job: Job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "work", namespace: "shop", uid: "mine", ...(deleting ? { deletionTimestamp: at(999) } : {}) },
    spec: { parallelism: 1, backoffLimit: 6, template: { spec: { restartPolicy, containers: [] } }, ...rest },
    ...(status ? { status } : {}),
  };
  const plan = planJob({ job, pods: pods.map(podOf), nowMs: 1_000_000, failures });
  const some = <T>(list: T[]): T[] | undefined => (list.length > 0 ? list : undefined);
  const { conditions = [], uncountedTerminatedPods: uncounted, active = 0, ready = 0, terminating = 0, succeeded = 0, failed = 0, completedIndexes, failedIndexes } = plan.status;
  return {
    create: some(plan.create.map(({ index, indexFailures }) => (index === undefined ? "pod" : `${index}${indexFailures === undefined ? "" : ` after ${indexFailures}`}`))),
    delete: some(plan.delete.map(({ metadata }) => metadata.name)),
    discard: some(plan.discard.map(({ metadata }) => metadata.name)),
    release: some(plan.release.map(({ metadata }) => metadata.name)),
    uncounted: uncounted && Object.keys(uncounted).length > 0 ? uncounted : undefined,
    counts: `${active} active, ${ready} ready, ${terminating} terminating, ${succeeded} succeeded, ${failed} failed`,
    completedIndexes,
    failedIndexes,
    conditions: some(conditions.map((condition) => `${condition.type}${condition.status === "True" ? "" : ` ${condition.status}`} ${condition.reason}: ${condition.message}`)),
    events: some(plan.events.map(([type, reason]) => `${type} ${reason}`)),
    againAfterMs: plan.againAfterMs,
    started: plan.status.startTime === at(1000) ? "now" : undefined,
  };
});

test("indexes are written in short and read back", () => {
  assert.equal(formatIndexes([7, 1, 3, 4, 5]), "1,3-5,7");
  assert.equal(formatIndexes([0, 1]), "0,1");
  assert.equal(formatIndexes([]), "");
  assert.deepEqual([...parseIndexes("1,3-5,7", 5)], [1, 3, 4], "an elastic job that shrank forgets what it no longer has");
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(50)), (indexes) => {
      assert.deepEqual([...parseIndexes(formatIndexes(indexes), 100)], indexes.toSorted((a, b) => a - b));
    }),
  );
});

test("failures in a row wait longer and longer, a success ends the row", () => {
  const failed = (seconds: number): Pod => podOf({ name: `f${seconds}`, is: "failed", ended: seconds });
  const none = { count: 0, lastMs: 0 };
  const first = recordEnds(none, [], [failed(100)], 0);
  assert.deepEqual(first, { count: 1, lastMs: 100_000 });
  assert.equal(remainingBackoffMs(first, 100_000), 10_000);
  const third = recordEnds(first, [], [failed(120), failed(130)], 0);
  assert.equal(remainingBackoffMs(third, 130_000), 40_000);
  assert.equal(remainingBackoffMs(third, 175_000), 0);
  assert.equal(remainingBackoffMs({ count: 40, lastMs: 0 }, 0), 600_000);
  assert.deepEqual(recordEnds(third, [podOf({ name: "ok", is: "succeeded", ended: 140 })], [failed(135), failed(150)], 0), { count: 1, lastMs: 150_000 });
});

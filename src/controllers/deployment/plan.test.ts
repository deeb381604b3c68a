import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { goldenTests } from "#lib/golden.ts";
import type { Deployment, DeploymentCondition, IntOrString, ReplicaSet } from "#api/types.ts";
import { maxSurge, maxUnavailable } from "./limits.ts";
import { planDeployment, templateHash } from "./plan.ts";

/** A Deployment and its ReplicaSets in short: `image` stands for the template. Times are seconds; it is now 1000. */
interface Case {
  deployment: {
    replicas: number;
    image: string;
    surge?: IntOrString;
    unavailable?: IntOrString;
    strategy?: "Recreate";
    paused?: boolean;
    deadline?: number;
    historyLimit?: number;
    minReadySeconds?: number;
    annotations?: Record<string, string>;
    status?: Deployment["status"];
  };
  replicaSets?: { name: string; image: string; replicas: number; revision: number; desired?: number; max?: number; annotations?: Record<string, string>; status?: Partial<ReplicaSet["status"]> }[];
  oldPodsRun?: boolean;
}

const at = (seconds: number): string => `1970-01-01T00:${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}Z`;
const template = (image: string) => ({ metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image }] } });

function snapshot({ deployment: d, replicaSets = [], oldPodsRun = false }: Case): Parameters<typeof planDeployment>[0] {
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "shop", uid: "web-uid", generation: 5, annotations: d.annotations },
    spec: {
      replicas: d.replicas,
      selector: { matchLabels: { app: "web" } },
      template: template(d.image),
      strategy: d.strategy ? { type: d.strategy } : { type: "RollingUpdate", rollingUpdate: { maxSurge: d.surge ?? "25%", maxUnavailable: d.unavailable ?? "25%" } },
      paused: d.paused,
      minReadySeconds: d.minReadySeconds,
      revisionHistoryLimit: d.historyLimit,
      progressDeadlineSeconds: d.deadline ?? 600,
    },
    status: d.status,
  } as Deployment;
  const all = replicaSets.map((r, i): ReplicaSet => {
    const settled = { replicas: r.replicas, readyReplicas: r.replicas, availableReplicas: r.replicas, observedGeneration: 1 };
    return {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: {
        name: r.name,
        namespace: "shop",
        uid: `${r.name}-uid`,
        generation: 1,
        creationTimestamp: at(i),
        annotations: {
          "deployment.kubernetes.io/revision": String(r.revision),
          "deployment.kubernetes.io/desired-replicas": String(r.desired ?? d.replicas),
          "deployment.kubernetes.io/max-replicas": String(r.max ?? d.replicas + maxSurge(deployment)),
          ...r.annotations,
        },
      },
      spec: { replicas: r.replicas, selector: {}, template: template(r.image) },
      status: { ...settled, ...r.status },
    };
  });
  return { deployment, replicaSets: all, oldPodsRun, nowMs: 1_000_000 };
}

/** The plan in short: what is done, and of the status the numbers and the conditions. */
function shorten(plan: ReturnType<typeof planDeployment>): object {
  const { conditions = [], ...numbers } = plan.status;
  const condition = ({ type, status, reason, message, lastUpdateTime }: DeploymentCondition): [string, string] => [type, `${status} ${reason} @${lastUpdateTime ? Date.parse(lastUpdateTime) / 1000 : "-"}: ${message}`];
  return {
    ...(plan.create
      ? {
          create: {
            replicas: plan.create.spec.replicas,
            annotations: plan.create.metadata.annotations,
            minReadySeconds: plan.create.spec.minReadySeconds,
          },
        }
      : {}),
    ...(plan.update.length > 0
      ? {
          update: plan.update.map(({ replicaSet: { metadata, spec }, scaled }) => ({
            name: metadata.name,
            replicas: spec.replicas,
            scaled,
            annotations: metadata.annotations,
          })),
        }
      : {}),
    ...(plan.remove.length > 0 ? { remove: plan.remove.map(({ metadata }) => metadata.name) } : {}),
    revision: plan.revision,
    numbers: `${numbers.replicas} pods, ${numbers.updatedReplicas} updated, ${numbers.readyReplicas} ready, ${numbers.availableReplicas} available, ${numbers.unavailableReplicas} unavailable`,
    conditions: Object.fromEntries(conditions.map(condition)),
    againAfterMs: plan.againAfterMs,
  };
}

/** Annotations in short: revision, desired and max as `2 3/4`, then the others. */
function run(input: Case): unknown {
  const hash = templateHash(template(input.deployment.image), input.deployment.status?.collisionCount);
  const text = JSON.stringify(shorten(planDeployment(snapshot(input)))).replaceAll(`web-${hash}`, "web-HASH");
  return JSON.parse(text, (key, value: unknown) => {
    if (key !== "annotations" || typeof value !== "object" || value === null) return value;
    const {
      "deployment.kubernetes.io/revision": revision,
      "deployment.kubernetes.io/desired-replicas": desired,
      "deployment.kubernetes.io/max-replicas": max,
      ...others
    } = value as Record<string, string>;
    return [`revision ${revision}, ${desired} desired, ${max} at most`, ...Object.entries(others).map(([name, text]) => `${name}=${text}`)];
  });
}

goldenTests<Case>(join(import.meta.dirname, "testdata"), run);

test("percentages of surge round up, of unavailability down, and a rollout can always move", () => {
  const limits = (replicas: number, surge: IntOrString, unavailable: IntOrString): [number, number] => {
    const { deployment } = snapshot({ deployment: { replicas, image: "v1", surge, unavailable } });
    return [maxSurge(deployment), maxUnavailable(deployment)];
  };
  const table: [number, IntOrString, IntOrString, number, number][] = [
    [1, "25%", "25%", 1, 0],
    [3, "25%", "25%", 1, 0],
    [4, "25%", "25%", 1, 1],
    [10, "25%", "25%", 3, 2],
    [10, "0%", "0%", 0, 1],
    [10, 0, "5%", 0, 1],
    [3, 0, 0, 0, 1],
    [3, 1, 0, 1, 0],
    [2, 0, 5, 0, 2],
    [0, "25%", "25%", 0, 0],
  ];
  for (const [replicas, surge, unavailable, atMost, mayMiss] of table) {
    assert.deepEqual(limits(replicas, surge, unavailable), [atMost, mayMiss], `${replicas} replicas, surge ${surge}, unavailable ${unavailable}`);
  }
});

test("the hash follows the template and the collision count, and nothing else", () => {
  const reordered = { spec: { containers: [{ image: "v1", name: "web" }] }, metadata: { labels: { app: "web" } } };
  assert.equal(templateHash(template("v1"), undefined), templateHash(reordered, 0));
  assert.notEqual(templateHash(template("v1"), undefined), templateHash(template("v2"), undefined));
  assert.notEqual(templateHash(template("v1"), undefined), templateHash(template("v1"), 1));
});

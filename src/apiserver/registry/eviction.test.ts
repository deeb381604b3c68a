import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { startTestServer, type Answer, type TestServer } from "../testing.ts";

const PODS = "/api/v1/namespaces/default/pods";
const BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

const MERGE = { "content-type": "application/merge-patch+json" };

let server: TestServer;
beforeEach(async () => void (server = await startTestServer()));
afterEach(() => server.close());

/** A pod on a node; `ready` undefined leaves it pending. */
async function makePod(name: string, ready?: boolean): Promise<void> {
  await server.create(PODS, { metadata: { name, labels: { app: "web" } }, spec: { nodeName: "n", containers: [{ name: "c", image: "i" }] } });
  if (ready === undefined) return;
  const conditions = [{ type: "Ready", status: ready ? "True" : "False", lastProbeTime: null, lastTransitionTime: "2026-01-01T00:00:00Z" }];
  await server.request(`PATCH ${PODS}/${name}/status`, { status: { phase: "Running", conditions } }, MERGE);
}

async function makeBudget(name: string, status: object, spec: object = {}): Promise<void> {
  await server.create(BUDGETS, { metadata: { name }, spec: { minAvailable: 1, selector: { matchLabels: { app: "web" } }, ...spec } });
  const counts = { observedGeneration: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2, disruptionsAllowed: 1 };
  const { status: code, body } = await server.request(`PUT ${BUDGETS}/${name}/status`, { metadata: { name }, spec: {}, status: { ...counts, ...status } });
  assert.equal(code, 200, body.message);
}

function evict(name: string, eviction: object = {}, query = ""): Promise<Answer> {
  return server.request(`POST ${PODS}/${name}/eviction${query}`, { apiVersion: "policy/v1", kind: "Eviction", metadata: { name }, ...eviction });
}

const budgetStatus = async (name: string) => (await server.request(`GET ${BUDGETS}/${name}`)).body.status;
const isGoing = async (name: string): Promise<boolean> => {
  const { status, body } = await server.request(`GET ${PODS}/${name}`);
  return status === 404 || body.metadata.deletionTimestamp !== undefined;
};

describe("eviction", () => {
  it("deletes a pod that no budget guards, and says why in its status", async () => {
    await makePod("a", true);
    const { status, body } = await evict("a");
    assert.deepEqual([status, body], [201, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 }]);
    const pod = (await server.request(`GET ${PODS}/a`)).body;
    assert.equal(pod.metadata.deletionGracePeriodSeconds, 30);
    const { lastTransitionTime: _, ...condition } = pod.status.conditions.at(-1);
    assert.deepEqual(condition, { type: "DisruptionTarget", status: "True", lastProbeTime: null, reason: "EvictionByEvictionAPI", message: "Eviction API: evicting" });
  });

  it("takes the delete's options", async () => {
    await makePod("a", true);
    await evict("a", { deleteOptions: { gracePeriodSeconds: 5 } });
    assert.equal((await server.request(`GET ${PODS}/a`)).body.metadata.deletionGracePeriodSeconds, 5);
    await makePod("b", true);
    const { status, body } = await evict("b", { deleteOptions: { preconditions: { uid: "other" } } });
    assert.deepEqual([status, body.reason, await isGoing("b")], [409, "Conflict", false]);
  });

  it("refuses an Eviction of another name", async () => {
    await makePod("a", true);
    const { status, body } = await evict("a", { metadata: { name: "b" } });
    assert.deepEqual([status, body.message], [400, "name in URL does not match name in Eviction object"]);
  });

  it("takes a ready pod from its budget", async () => {
    await makePod("a", true);
    await makeBudget("web", {});
    assert.equal((await evict("a")).status, 201);
    const { disruptionsAllowed, disruptedPods, conditions } = await budgetStatus("web");
    assert.deepEqual([disruptionsAllowed, Object.keys(disruptedPods)], [0, ["a"]]);
    const { lastTransitionTime: _, ...condition } = conditions[0];
    assert.deepEqual(condition, { type: "DisruptionAllowed", status: "False", observedGeneration: 1, reason: "InsufficientPods", message: "" });
  });

  it("is refused when the budget is used up", async () => {
    await makePod("a", true);
    await makeBudget("web", { disruptionsAllowed: 0, currentHealthy: 1 });
    const { status, headers, body } = await evict("a");
    assert.deepEqual([status, headers["retry-after"], body.reason, body.message], [429, undefined, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget."]);
    assert.deepEqual(body.details.causes, [{ reason: "DisruptionBudget", message: "The disruption budget web needs 1 healthy pods and has 1 currently" }]);
    assert.equal(await isGoing("a"), false);
  });

  it("has to wait for the budget's controller", async () => {
    await makePod("a", true);
    await makeBudget("web", { observedGeneration: 0 });
    const { status, headers, body } = await evict("a");
    assert.deepEqual([status, headers["retry-after"], body.details.retryAfterSeconds], [429, "10", 10]);
    assert.deepEqual(body.details.causes, [{ reason: "DisruptionBudget", message: "The disruption budget web is still being processed by the server." }]);
  });

  it("says that the budget could not be computed", async () => {
    await makePod("a", true);
    const failed = { type: "DisruptionAllowed", status: "False", reason: "SyncFailed", message: "no scale", lastTransitionTime: "2026-01-01T00:00:00Z" };
    await makeBudget("web", { disruptionsAllowed: 0, conditions: [failed] });
    assert.equal((await evict("a")).body.details.causes[0].message, "The disruption budget web does not allow evicting pods currently because it failed sync: no scale");
  });

  it("is refused when several budgets guard the pod", async () => {
    await makePod("a", true);
    await makeBudget("one", {});
    await makeBudget("two", {});
    const { status, body } = await evict("a");
    assert.deepEqual([status, body.message], [500, "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."]);
  });

  it("of a pod that isn't ready costs nothing while enough others are healthy", async () => {
    await makePod("a", false);
    await makeBudget("web", { disruptionsAllowed: 0, currentHealthy: 1 });
    assert.equal((await evict("a")).status, 201);
    assert.equal((await budgetStatus("web")).disruptedPods, undefined);
  });

  it("of a pod that isn't ready is guarded while too few are healthy, unless the policy allows it always", async () => {
    await makePod("a", false);
    await makeBudget("web", { disruptionsAllowed: 0, currentHealthy: 0 });
    assert.equal((await evict("a")).status, 429);
    await server.request(`PATCH ${BUDGETS}/web`, { spec: { unhealthyPodEvictionPolicy: "AlwaysAllow" } }, MERGE);
    await server.request(`PATCH ${BUDGETS}/web/status`, { status: { observedGeneration: 2 } }, MERGE);
    assert.equal((await evict("a")).status, 201);
  });

  it("of a pending pod ignores budgets", async () => {
    await makePod("a");
    await makeBudget("web", { disruptionsAllowed: 0 });
    assert.deepEqual([(await evict("a")).status, await isGoing("a")], [201, true]);
  });

  it("can be tried without doing it", async () => {
    await makePod("a", true);
    await makeBudget("web", {});
    assert.equal((await evict("a", {}, "?dryRun=All")).status, 201);
    assert.equal((await evict("a", { deleteOptions: { dryRun: ["All"] } })).status, 201);
    assert.deepEqual([(await budgetStatus("web")).disruptionsAllowed, await isGoing("a")], [1, false]);
  });
});

describe("binding", () => {
  const bindings = "/api/v1/namespaces/default/bindings";

  it("works from the collection, by the pod's name, and is not stored", async () => {
    await server.create(PODS, { metadata: { name: "a" }, spec: { containers: [{ name: "c", image: "i" }] } });
    const { status, body } = await server.request(`POST ${bindings}`, { metadata: { name: "a" }, target: { kind: "Node", name: "n" } });
    assert.deepEqual([status, body.status], [201, "Success"]);
    assert.equal((await server.request(`GET ${PODS}/a`)).body.spec.nodeName, "n");
    assert.equal((await server.request(`GET ${bindings}`)).status, 405);
  });

  it("is refused twice", async () => {
    await makePod("a");
    const { status, body } = await server.request(`POST ${bindings}`, { metadata: { name: "a" }, target: { name: "m" } });
    assert.deepEqual([status, body.message], [409, 'Operation cannot be fulfilled on pods/binding "a": pod a is already assigned to node "n"']);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { clusterRoles } from "#api/resources.ts";
import type { ClusterRole, PolicyRule } from "#api/types.ts";
import { TestCluster } from "../testing/harness.ts";
import { aggregatedRules } from "./controller.ts";

const WIDGETS: PolicyRule = { apiGroups: ["example.org"], resources: ["widgets"], verbs: ["get", "list", "watch"] };
const PODS: PolicyRule = { apiGroups: [""], resources: ["pods"], verbs: ["get"] };
const TYPE = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole" };
const role = (name: string, labels: Record<string, string>, ...rules: PolicyRule[]): ClusterRole => ({ ...TYPE, metadata: { name, labels }, rules });

describe("the rules of an aggregated ClusterRole", () => {
  const sum: ClusterRole = {
    ...TYPE,
    metadata: { name: "sum", labels: { to: "sum" } },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: "sum" } }, { matchExpressions: [{ key: "also", operator: "Exists" }] }] },
    rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }],
  };

  it("are those of the selected roles, by selector and by name, each once, and none of its own", () => {
    const all = [role("b", { to: "sum" }, PODS), role("c", { also: "" }, WIDGETS), sum, role("a", { to: "sum" }, WIDGETS), role("other", { to: "else" }, PODS)];
    assert.deepEqual(aggregatedRules(sum, all), [WIDGETS, PODS]);
  });

  it("are none where nothing is selected", () => {
    assert.deepEqual(aggregatedRules(sum, [sum]), []);
    assert.deepEqual(aggregatedRules({ ...TYPE, metadata: { name: "none" }, aggregationRule: {} }, [role("a", {}, PODS)]), []);
  });
});

describe("the controller of aggregated ClusterRoles", () => {
  it("makes admin, edit and view of their parts, and adds what a new API labels for them", async () => {
    const cluster = await TestCluster.start({ nodes: 0 });
    try {
      const rulesOf = async (name: string): Promise<PolicyRule[]> => (await cluster.client.get(clusterRoles, name)).rules ?? [];
      const names = ["admin", "edit", "view"];
      for (const name of names) assert.ok((await rulesOf(name)).some(({ resources }) => resources?.includes("pods")), name);
      const label = { "rbac.authorization.k8s.io/aggregate-to-view": "true" };
      await cluster.client.create(clusterRoles, role("widgets-view", label, WIDGETS));
      await cluster.settle();
      // view adds to edit, and edit to admin.
      for (const name of names) assert.deepEqual((await rulesOf(name)).filter(({ resources }) => resources?.includes("widgets")), [WIDGETS], name);
      await cluster.client.delete(clusterRoles, "widgets-view");
      await cluster.settle();
      for (const name of names) assert.ok(!(await rulesOf(name)).some(({ resources }) => resources?.includes("widgets")), name);
    } finally {
      await cluster.stop();
    }
  });
});

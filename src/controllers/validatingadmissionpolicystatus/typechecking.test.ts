import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { validatingAdmissionPolicies } from "#api/resources.ts";
import type { ValidatingAdmissionPolicy } from "#api/types.ts";
import { TestCluster } from "../testing/harness.ts";
import { kindsToCheck } from "#api/policy-type-checking.ts";

const rule = (apiGroups: string[], resources: string[], apiVersions = ["v1"]) => ({ operations: ["CREATE"], apiGroups, apiVersions, resources });

describe("type checking of policies", () => {
  it("looks at the kinds that rules name, unless they name all", () => {
    const policy = (...resourceRules: object[]) => ({ spec: { matchConstraints: { resourceRules } } }) as unknown as ValidatingAdmissionPolicy;
    const served = [
      { group: "", version: "v1", kind: "Pod", plural: "pods" },
      { group: "apps", version: "v1", kind: "Deployment", plural: "deployments" },
    ];
    const kinds = (...rules: object[]) => kindsToCheck(policy(...rules), served).map(({ kind }) => kind);
    assert.deepEqual(kinds(rule(["apps"], ["deployments"]), rule([""], ["pods", "pods/status"])), ["Pod", "Deployment"]);
    assert.deepEqual(kinds(rule(["*"], ["pods"]), rule([""], ["*", "pods/*"]), rule([""], ["pods"], ["*"])), []);
  });

  it("writes into the status what expressions get wrong", async () => {
    const cluster = await TestCluster.start({ nodes: 0 });
    try {
      const spec = {
        matchConstraints: { resourceRules: [rule(["apps"], ["deployments", "statefulsets"])] },
        variables: [{ name: "replicas", expression: "object.spec.replicas" }],
        validations: [
          { expression: "variables.replicas > 1 && object.metadata.labels['a'] == 'b'" },
          { expression: "object.spec.replica > 1", messageExpression: "'has ' + string(object.spec.serviceName)" },
        ],
      };
      await cluster.apply(validatingAdmissionPolicies, { metadata: { name: "p" }, spec });
      await cluster.settle();
      const { status, metadata } = await cluster.client.get(validatingAdmissionPolicies, "p");
      assert.equal(status?.observedGeneration, metadata.generation);
      assert.deepEqual(status?.typeChecking?.expressionWarnings, [
        {
          fieldRef: "spec.validations[1].expression",
          warning:
            "apps/v1, Kind=Deployment: compilation failed: ERROR: <input>:1:12: undefined field 'replica'\n | object.spec.replica > 1\n | ...........^\n" +
            "\napps/v1, Kind=StatefulSet: compilation failed: ERROR: <input>:1:12: undefined field 'replica'\n | object.spec.replica > 1\n | ...........^\n",
        },
        {
          fieldRef: "spec.validations[1].messageExpression",
          warning:
            "apps/v1, Kind=Deployment: compilation failed: ERROR: <input>:1:28: undefined field 'serviceName'\n | 'has ' + string(object.spec.serviceName)\n | ...........................^\n",
        },
      ]);
    } finally {
      await cluster.stop();
    }
  });
});

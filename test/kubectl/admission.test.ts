import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { kubectlSuite } from "../support/kubectl.ts";
import { configMap, echoDeployment } from "../support/workloads.ts";

const NAMESPACE = "kubectl-admission";
const { kubectl, skip } = await kubectlSuite(NAMESPACE);

describe("admission, as kubectl sees it", { skip }, () => {
  after(async () => {
    if (skip) return;
    await kubectl.ok(["delete", "validatingadmissionpolicybinding,validatingadmissionpolicy,mutatingadmissionpolicybinding,mutatingadmissionpolicy", "-l", `suite=${NAMESPACE}`]);
  });

  test("a quota counts what is there, refuses what is too much, and gives back what goes", async () => {
    await kubectl.ok(["create", "quota", "objects", "--hard=count/configmaps=3,secrets=1"]);
    // The certificate that every namespace gets is one of them.
    await kubectl.ok(["wait", "quota/objects", "--for=jsonpath={.status.used.count/configmaps}=1"]);
    await kubectl.ok(["create", "configmap", "a"]);
    await kubectl.ok(["create", "configmap", "b"]);
    assert.match(
      await kubectl.fails(["create", "configmap", "c"]),
      /configmaps "c" is forbidden: exceeded quota: objects, requested: count\/configmaps=1, used: count\/configmaps=3, limited: count\/configmaps=3/,
    );
    const described = await kubectl.ok(["describe", "quota", "objects"]);
    assert.match(described, /count\/configmaps\s+3\s+3\nsecrets\s+0\s+1/);
    await kubectl.ok(["delete", "configmap", "a"]);
    await kubectl.ok(["wait", "quota/objects", "--for=jsonpath={.status.used.count/configmaps}=2"]);
    await kubectl.ok(["create", "configmap", "c"]);
    await kubectl.ok(["delete", "quota", "objects"]);
  });

  test("a quota holds a Deployment to as many pods as it allows, and says why there are no more", async () => {
    await kubectl.ok(["create", "quota", "pods", "--hard=pods=1"]);
    await kubectl.ok(["wait", "quota/pods", "--for=jsonpath={.status.used.pods}=0"]);
    await kubectl.ok(["apply", "-f", "-"], { input: echoDeployment("web", { replicas: 2 }) });
    const condition = await kubectl.ok(["wait", "deployment/web", "--for=condition=ReplicaFailure", "--timeout=30s"]);
    assert.equal(condition, "deployment.apps/web condition met");
    assert.match(await kubectl.ok(["describe", "replicaset", "-l", "app=web"]), /exceeded quota: pods, requested: pods=1, used: pods=1, limited: pods=1/);
    await kubectl.ok(["delete", "deployment/web", "quota/pods"]);
  });

  test("a LimitRange gives containers their limits, and refuses too large ones", async () => {
    const limits = [{ type: "Container", default: { memory: "64Mi" }, defaultRequest: { memory: "32Mi" }, max: { memory: "256Mi" } }];
    await kubectl.ok(["apply", "-f", "-"], { input: { apiVersion: "v1", kind: "LimitRange", metadata: { name: "limits" }, spec: { limits } } });
    const made = await kubectl.json(["run", "small", "--image=none", "--dry-run=server"]);
    assert.deepEqual(made.spec.containers[0].resources, { limits: { memory: "64Mi" }, requests: { memory: "32Mi" } });
    assert.match(
      await kubectl.fails(["run", "large", "--image=none", '--overrides={"spec":{"containers":[{"name":"large","image":"none","resources":{"limits":{"memory":"1Gi"}}}]}}']),
      /pods "large" is forbidden: maximum memory usage per Container is 256Mi, but limit is 1Gi/,
    );
    assert.match(await kubectl.ok(["describe", "limits", "limits"]), /Container\s+memory\s+-\s+256Mi\s+32Mi\s+64Mi\s+-/);
    await kubectl.ok(["delete", "limits", "limits"]);
  });

  test("Pod Security refuses pods, warns of workloads, and tells what a stricter label would break", async () => {
    const label = (value: string, ...more: string[]) => kubectl.run(["label", "--overwrite", "namespace", NAMESPACE, `pod-security.kubernetes.io/enforce=${value}`, ...more]);
    await kubectl.ok(["run", "plain", "--image=none"]);
    const trial = await label("restricted", "--dry-run=server");
    assert.match(trial.stderr, /Warning: existing pods in namespace "kubectl-admission" violate the new PodSecurity enforce level "restricted:latest"/);
    assert.match(trial.stderr, /Warning: plain: allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile/);
    await label("baseline");
    assert.match(
      await kubectl.fails(["run", "host", "--image=none", '--overrides={"spec":{"hostNetwork":true}}']),
      /pods "host" is forbidden: violates PodSecurity "baseline:latest": host namespaces \(hostNetwork=true\)/,
    );
    const { stderr } = await kubectl.run(["apply", "--dry-run=server", "-f", "-"], { input: withHostNetwork(echoDeployment("hosts")) });
    assert.match(stderr, /Warning: would violate PodSecurity "baseline:latest": host namespaces \(hostNetwork=true\)/);
    assert.match((await label("strict")).stderr, /Invalid value: "strict": must be one of privileged, baseline, restricted/);
    await label("privileged");
    await kubectl.ok(["delete", "pod", "plain", "--now"]);
  });

  test("a ValidatingAdmissionPolicy refuses in its own words, with params, and warns of misspelled fields", async () => {
    const labels = { suite: NAMESPACE };
    const rules = { resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["configmaps"] }] };
    const policy = (validations: object[]) => ({
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicy",
      metadata: { name: `${NAMESPACE}-keys`, labels },
      spec: { paramKind: { apiVersion: "v1", kind: "ConfigMap" }, matchConstraints: rules, validations },
    });
    const binding = {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name: `${NAMESPACE}-keys`, labels },
      spec: {
        policyName: `${NAMESPACE}-keys`,
        validationActions: ["Deny"],
        paramRef: { name: "policy", namespace: NAMESPACE, parameterNotFoundAction: "Deny" },
        matchResources: { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": NAMESPACE } }, objectSelector: { matchLabels: { checked: "yes" } } },
      },
    };
    await kubectl.ok(["apply", "-f", "-"], { input: configMap("policy", { most: "1" }) });
    await kubectl.ok(["apply", "-f", "-"], { input: policy([{ expression: "size(object.data) <= int(params.data.most)", messageExpression: "'at most ' + params.data.most + ' keys'" }]) });
    await kubectl.ok(["apply", "-f", "-"], { input: binding });
    const checked = (name: string, data: Record<string, string>) => {
      const object = configMap(name, data) as { metadata: object };
      return { ...object, metadata: { ...object.metadata, labels: { checked: "yes" } } };
    };
    assert.equal(await kubectl.ok(["apply", "-f", "-"], { input: checked("fits", { a: "1" }) }), "configmap/fits created");
    assert.match(
      await kubectl.fails(["apply", "-f", "-"], { input: checked("big", { a: "1", b: "2" }) }),
      /ValidatingAdmissionPolicy 'kubectl-admission-keys' with binding 'kubectl-admission-keys' denied request: at most 1 keys/,
    );
    assert.match(await kubectl.fails(["apply", "-f", "-"], { input: policy([{ expression: "object.data.size(" }]) }), /spec.validations\[0\].expression: Invalid value: "object.data.size\(": compilation failed: ERROR: <input>:1:\d+: Syntax error/);
    await kubectl.ok(["apply", "-f", "-"], { input: policy([{ expression: "object.dataa.size() > 0" }]) });
    await kubectl.ok(["wait", "validatingadmissionpolicy", `${NAMESPACE}-keys`, "--for=jsonpath={.status.typeChecking.expressionWarnings[0].fieldRef}=spec.validations[0].expression"]);
    assert.match(await kubectl.ok(["get", "validatingadmissionpolicy", `${NAMESPACE}-keys`, "-o", "jsonpath={.status.typeChecking.expressionWarnings[0].warning}"]), /undefined field 'dataa'/);
  });

  test("a MutatingAdmissionPolicy fills in what is missing", async () => {
    const labels = { suite: NAMESPACE };
    const metadata = { name: `${NAMESPACE}-team`, labels };
    const rules = { resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }], namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": NAMESPACE } } };
    const expression = "Object{metadata: Object.metadata{labels: {'team': has(object.metadata.labels) && 'team' in object.metadata.labels ? object.metadata.labels.team : 'unknown'}}}";
    const spec = { matchConstraints: rules, reinvocationPolicy: "Never", mutations: [{ patchType: "ApplyConfiguration", applyConfiguration: { expression } }] };
    await kubectl.ok(["apply", "-f", "-"], { input: { apiVersion: "admissionregistration.k8s.io/v1", kind: "MutatingAdmissionPolicy", metadata, spec } });
    await kubectl.ok(["apply", "-f", "-"], { input: { apiVersion: "admissionregistration.k8s.io/v1", kind: "MutatingAdmissionPolicyBinding", metadata, spec: { policyName: metadata.name } } });
    await kubectl.ok(["create", "configmap", "teamless"]);
    assert.equal(await kubectl.ok(["get", "configmap", "teamless", "-o", "jsonpath={.metadata.labels.team}"]), "unknown");
  });
});

function withHostNetwork(deployment: object): object {
  const copy = structuredClone(deployment) as { spec: { template: { spec: Record<string, unknown> } } };
  copy.spec.template.spec["hostNetwork"] = true;
  return copy;
}

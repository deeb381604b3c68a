import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { startTestServer, type TestServer } from "../../testing.ts";
import { detailText, levelVersionText, policyOf, violationsOf, type LevelVersion } from "./policy.ts";

const LATEST = Infinity;
const SAFE = { allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities: { drop: ["ALL"] }, seccompProfile: { type: "RuntimeDefault" } };
const container = (name: string, securityContext?: object, more: object = {}) => ({ name, image: "a", ...(securityContext ? { securityContext } : {}), ...more });
const containers = (...securityContexts: object[]) => ({ containers: securityContexts.map((context, i) => container("abcd"[i]!, context)) });

/** What a level says about a spec. */
function told(level: LevelVersion["level"], spec: object, { version = LATEST, annotations = {} }: { version?: number; annotations?: Record<string, string> } = {}): string {
  return detailText(violationsOf({ level, version }, { annotations }, { containers: [], ...spec }));
}

describe("the baseline level", () => {
  const cases: [what: string, spec: object, detail: string][] = [
    ["host namespaces", { hostNetwork: true, hostPID: true, hostIPC: true }, "host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)"],
    ["privileged containers", containers({ privileged: true }, {}, { privileged: true }), 'privileged (containers "a", "c" must not set securityContext.privileged=true)'],
    ["capabilities", containers({ capabilities: { add: ["NET_ADMIN", "CHOWN", "BPF"] } }), 'non-default capabilities (container "a" must not include "BPF", "NET_ADMIN" in securityContext.capabilities.add)'],
    ["host paths", { volumes: [{ name: "v", hostPath: { path: "/" } }, { name: "w", emptyDir: {} }] }, 'hostPath volumes (volume "v")'],
    ["host ports", { containers: [container("a", undefined, { ports: [{ hostPort: 80 }, { hostPort: 443 }] }), container("b", undefined, { ports: [{ hostPort: 80 }] })] }, 'hostPort (containers "a", "b" use hostPorts 443, 80)'],
    ["hosts of probes", { containers: [container("a", undefined, { livenessProbe: { httpGet: { host: "1.2.3.4" } } })] }, 'probe or lifecycle host (container "a" uses probe or lifecycle host "1.2.3.4")'],
    ["/proc", containers({ procMount: "Unmasked" }), 'procMount (container "a" must not set securityContext.procMount to "Unmasked")'],
    [
      "SELinux",
      { securityContext: { seLinuxOptions: { type: "foo", user: "u" } }, ...containers({ seLinuxOptions: { type: "bar", role: "r" } }) },
      'seLinuxOptions (pod and container "a" set forbidden securityContext.seLinuxOptions: types "bar", "foo"; user may not be set; role may not be set)',
    ],
    ["AppArmor", containers({ appArmorProfile: { type: "Unconfined" } }), 'forbidden AppArmor profile (container "a" must not set AppArmor profile type to "Unconfined")'],
    ["seccomp", { securityContext: { seccompProfile: { type: "Unconfined" } } }, 'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")'],
    ["sysctls", { securityContext: { sysctls: [{ name: "a" }, { name: "net.ipv4.tcp_syncookies" }] } }, "forbidden sysctls (a)"],
    ["Windows host processes", { securityContext: { windowsOptions: { hostProcess: true } } }, "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)"],
    ["nothing else", containers({}), ""],
  ];
  for (const [what, spec, detail] of cases) it(`forbids ${what}`, () => assert.equal(told("baseline", spec), detail));

  it("reads the annotations of old", () => {
    const annotations = { "container.apparmor.security.beta.kubernetes.io/a": "unconfined", "seccomp.security.alpha.kubernetes.io/pod": "unconfined" };
    assert.equal(
      told("baseline", containers({}), { version: 18, annotations }),
      'forbidden AppArmor profile (annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/a="unconfined""), seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")',
    );
  });
});

describe("the restricted level", () => {
  it("tells all that a plain container lacks", () => {
    assert.equal(
      told("restricted", containers({})),
      'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    );
  });

  it("lets in what has it, on the pod or on its containers", () => {
    assert.equal(told("restricted", containers(SAFE)), "");
    const { runAsNonRoot, seccompProfile, ...own } = SAFE;
    assert.equal(told("restricted", { securityContext: { runAsNonRoot, seccompProfile }, ...containers(own, own) }), "");
  });

  it("forbids what undoes it", () => {
    const bad = { ...SAFE, runAsNonRoot: false, runAsUser: 0, capabilities: { drop: ["ALL"], add: ["CHOWN", "NET_BIND_SERVICE"] } };
    assert.equal(
      told("restricted", { volumes: [{ name: "v", nfs: {} }], ...containers(bad) }),
      'unrestricted capabilities (container "a" must not include "CHOWN" in securityContext.capabilities.add), restricted volume types (volume "v" uses restricted volume type "nfs"), runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false), runAsUser=0 (container "a" must not set runAsUser=0)',
    );
  });

  it("asked for less in earlier versions", () => {
    assert.equal(told("restricted", containers({ runAsNonRoot: true }), { version: 7 }), "");
    assert.match(told("restricted", containers({ runAsNonRoot: true }), { version: 8 }), /^allowPrivilegeEscalation != false/);
  });
});

describe("a namespace's labels", () => {
  const label = (name: string) => `pod-security.kubernetes.io/${name}`;
  const texts = (labels: Record<string, string>) => {
    const { policy, errors } = policyOf(Object.fromEntries(Object.entries(labels).map(([name, value]) => [label(name), value])));
    return [levelVersionText(policy.enforce), levelVersionText(policy.audit), levelVersionText(policy.warn), ...errors.map(({ field, message }) => `${field}: ${message}`)];
  };

  it("say nothing at first, and warn of what they enforce", () => {
    assert.deepEqual(texts({}), ["privileged:latest", "privileged:latest", "privileged:latest"]);
    assert.deepEqual(texts({ enforce: "baseline", "enforce-version": "v1.28" }), ["baseline:v1.28", "privileged:latest", "baseline:v1.28"]);
    assert.deepEqual(texts({ enforce: "restricted", warn: "privileged", audit: "baseline" }), ["restricted:latest", "baseline:latest", "privileged:latest"]);
  });

  it("count as the strictest where they are wrong", () => {
    assert.deepEqual(texts({ enforce: "strict", warn: "x", "audit-version": "1.2" }), [
      "restricted:latest",
      "privileged:latest",
      "privileged:latest",
      'metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted',
      'metadata.labels[pod-security.kubernetes.io/audit-version]: Invalid value: "1.2": must be "latest" or "v1.x"',
      'metadata.labels[pod-security.kubernetes.io/warn]: Invalid value: "x": must be one of privileged, baseline, restricted',
    ]);
  });
});

describe("PodSecurity", () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
    await server.create("/api/v1/namespaces", { metadata: { name: "safe" } });
    await server.create("/api/v1/namespaces/safe/serviceaccounts", { metadata: { name: "default" } });
  });
  afterEach(() => server.close());

  const PODS = "/api/v1/namespaces/safe/pods";
  const bad = (name: string, metadata: object = {}) => ({ metadata: { name, ...metadata }, spec: { hostNetwork: true, containers: [container("a")] } });
  const setLabels = (labels: object) => server.request("PATCH /api/v1/namespaces/safe", { metadata: { labels } }, { "content-type": "application/merge-patch+json" });

  it("refuses pods and warns of workloads", async () => {
    await setLabels({ "pod-security.kubernetes.io/enforce": "baseline" });
    const refused = await server.request(`POST ${PODS}`, bad("p"));
    assert.deepEqual([refused.status, refused.body.message], [403, 'pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)']);
    const template = { metadata: { labels: { app: "a" } }, spec: bad("p").spec };
    const deployment = await server.request("POST /apis/apps/v1/namespaces/safe/deployments", { metadata: { name: "d" }, spec: { selector: { matchLabels: { app: "a" } }, template } });
    assert.deepEqual([deployment.status, deployment.headers["warning"]], [201, '299 - "would violate PodSecurity \\"baseline:latest\\": host namespaces (hostNetwork=true)"']);
  });

  it("warns where it is told to, and lets in", async () => {
    await setLabels({ "pod-security.kubernetes.io/warn": "baseline" });
    const { status, headers } = await server.request(`POST ${PODS}`, bad("p"));
    assert.deepEqual([status, headers["warning"]], [201, '299 - "would violate PodSecurity \\"baseline:latest\\": host namespaces (hostNetwork=true)"']);
  });

  it("tells which pods a new level would not let in", async () => {
    const owner = { ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "r", uid: "u", controller: true }] };
    for (const pod of [bad("b", owner), bad("a", owner), bad("c")]) await server.create(PODS, pod);
    await server.create(PODS, { metadata: { name: "d" }, spec: { containers: [container("x", { privileged: true })] } });
    await server.create(PODS, { metadata: { name: "e" }, spec: { containers: [container("x")] } });
    const { status, headers } = await setLabels({ "pod-security.kubernetes.io/enforce": "baseline" });
    assert.equal(status, 200);
    assert.deepEqual(headers["warning"]?.split(", 299"), [
      '299 - "existing pods in namespace \\"safe\\" violate the new PodSecurity enforce level \\"baseline:latest\\""',
      ' - "a (and 2 other pods): host namespaces"',
      ' - "d: privileged"',
    ]);
    assert.equal((await setLabels({ "pod-security.kubernetes.io/enforce": "privileged" })).headers["warning"], undefined);
  });

  it("refuses wrong labels, but lets be what was wrong before", async () => {
    const { status, body } = await setLabels({ "pod-security.kubernetes.io/enforce": "bad" });
    assert.deepEqual(
      [status, body.message],
      [422, 'Namespace "safe" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "bad": must be one of privileged, baseline, restricted'],
    );
  });
});

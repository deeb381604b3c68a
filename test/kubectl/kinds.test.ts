/** Every kind of the smaller groups, as a user meets it: create, get, explain, describe, delete. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kubectlSuite, rowsOf } from "../support/kubectl.ts";

const { kubectl, skip } = await kubectlSuite("kubectl-kinds");

const backend = { service: { name: "web", port: { number: 80 } } };
const rule = { operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["unicorns"] };
const webhook = { name: "hook.example.com", clientConfig: { url: "https://127.0.0.1:1/" }, rules: [rule], sideEffects: "None", admissionReviewVersions: ["v1"] };

interface Case {
  /** As a user names it. */
  resource: string;
  apiVersion: string;
  kind: string;
  name?: string;
  object: object;
  /** The columns of `-o wide`. */
  columns: string;
  /** A field of the kind, and its type as `explain` shows it. */
  field: [path: string, type: string];
  /** Something that `describe` says; older versions of kubectl describe some kinds by their beta versions alone. */
  says?: RegExp;
}

const NETWORKING = "networking.k8s.io/v1";
const STORAGE = "storage.k8s.io/v1";
const ADMISSION = "admissionregistration.k8s.io/v1";

const CASES: Case[] = [
  { resource: "quota", apiVersion: "v1", kind: "ResourceQuota", object: { spec: { hard: { pods: "10" } } }, columns: "NAME REQUEST LIMIT AGE", field: ["resourcequota.spec.hard", "map[string]Quantity"], says: /^pods +\S+ +10$/m },
  { resource: "limits", apiVersion: "v1", kind: "LimitRange", object: { spec: { limits: [{ type: "Pod", max: { cpu: "2" } }] } }, columns: "NAME CREATED AT", field: ["limitrange.spec.limits", "[]LimitRangeItem"], says: /^Pod +cpu +- +2 /m },
  { resource: "ing", apiVersion: NETWORKING, kind: "Ingress", object: { spec: { defaultBackend: backend } }, columns: "NAME CLASS HOSTS ADDRESS PORTS AGE", field: ["ingress.spec.rules", "[]IngressRule"], says: /^Default backend: +web:80/m },
  { resource: "ingressclass", apiVersion: NETWORKING, kind: "IngressClass", object: { spec: { controller: "example.com/c" } }, columns: "NAME CONTROLLER PARAMETERS AGE", field: ["ingressclass.spec.parameters", "IngressClassParametersReference"], says: /^Controller: +example.com\/c$/m },
  { resource: "netpol", apiVersion: NETWORKING, kind: "NetworkPolicy", object: { spec: { podSelector: {} } }, columns: "NAME POD-SELECTOR AGE", field: ["networkpolicy.spec.podSelector", "LabelSelector"], says: /Policy Types: Ingress/ },
  { resource: "ipaddress", apiVersion: NETWORKING, kind: "IPAddress", name: "10.9.8.7", object: { spec: { parentRef: { group: "example.com", resource: "gateways", name: "g" } } }, columns: "NAME PARENTREF", field: ["ipaddress.spec.parentRef", "ParentReference"] },
  { resource: "servicecidr", apiVersion: NETWORKING, kind: "ServiceCIDR", object: { spec: { cidrs: ["10.200.0.0/16"] } }, columns: "NAME CIDRS AGE", field: ["servicecidr.spec.cidrs", "[]string"] },
  { resource: "csidriver", apiVersion: STORAGE, kind: "CSIDriver", object: { spec: {} }, columns: "NAME ATTACHREQUIRED PODINFOONMOUNT STORAGECAPACITY TOKENREQUESTS REQUIRESREPUBLISH MODES AGE", field: ["csidriver.spec.tokenRequests", "[]TokenRequest"], says: /^ +Fs Group Policy: +ReadWriteOnceWithFSType$/m },
  { resource: "csinode", apiVersion: STORAGE, kind: "CSINode", object: { spec: { drivers: [{ name: "csi.example.com", nodeID: "n" }] } }, columns: "NAME DRIVERS AGE", field: ["csinode.spec.drivers", "[]CSINodeDriver"], says: /csi\.example\.com/ },
  { resource: "csistoragecapacity", apiVersion: STORAGE, kind: "CSIStorageCapacity", object: { storageClassName: "fast", capacity: "1Gi" }, columns: "NAME STORAGECLASSNAME CAPACITY", field: ["csistoragecapacity.capacity", "Quantity"], says: /^Capacity: +1Gi$/m },
  { resource: "volumeattachment", apiVersion: STORAGE, kind: "VolumeAttachment", object: { spec: { attacher: "csi.example.com", nodeName: "n", source: { persistentVolumeName: "pv" } } }, columns: "NAME ATTACHER PV NODE ATTACHED AGE", field: ["volumeattachment.spec.source", "VolumeAttachmentSource"], says: /^ +Attacher: +csi\.example\.com$/m },
  { resource: "vac", apiVersion: STORAGE, kind: "VolumeAttributesClass", object: { driverName: "csi.example.com", parameters: { iops: "1" } }, columns: "NAME DRIVERNAME AGE", field: ["volumeattributesclass.parameters", "map[string]string"] },
  { resource: "flowschema", apiVersion: "flowcontrol.apiserver.k8s.io/v1", kind: "FlowSchema", object: { spec: { priorityLevelConfiguration: { name: "catch-all" }, rules: [{ subjects: [{ kind: "User", user: { name: "ada" } }], nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }] }] } }, columns: "NAME PRIORITYLEVEL MATCHINGPRECEDENCE DISTINGUISHERMETHOD AGE MISSINGPL", field: ["flowschema.spec.rules.subjects", "[]Subject"], says: /^ +Matching Precedence: +1000$/m },
  { resource: "prioritylevelconfiguration", apiVersion: "flowcontrol.apiserver.k8s.io/v1", kind: "PriorityLevelConfiguration", object: { spec: { type: "Limited", limited: { limitResponse: { type: "Reject" } } } }, columns: "NAME TYPE NOMINALCONCURRENCYSHARES QUEUES HANDSIZE QUEUELENGTHLIMIT AGE", field: ["prioritylevelconfiguration.spec.limited", "LimitedPriorityLevelConfiguration"], says: /^ +Nominal Concurrency Shares: +30$/m },
  { resource: "validatingwebhookconfiguration", apiVersion: ADMISSION, kind: "ValidatingWebhookConfiguration", object: { webhooks: [webhook] }, columns: "NAME WEBHOOKS AGE", field: ["validatingwebhookconfiguration.webhooks.clientConfig.service", "ServiceReference"], says: /^ +Timeout Seconds: +10$/m },
  { resource: "mutatingwebhookconfiguration", apiVersion: ADMISSION, kind: "MutatingWebhookConfiguration", object: { webhooks: [webhook] }, columns: "NAME WEBHOOKS AGE", field: ["mutatingwebhookconfiguration.webhooks", "[]MutatingWebhook"], says: /^ +Reinvocation Policy: +Never$/m },
  { resource: "validatingadmissionpolicy", apiVersion: ADMISSION, kind: "ValidatingAdmissionPolicy", object: { spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: "true" }] } }, columns: "NAME VALIDATIONS PARAMKIND AGE", field: ["validatingadmissionpolicy.spec.validations", "[]Validation"], says: /^ +Failure Policy: +Fail$/m },
  { resource: "validatingadmissionpolicybinding", apiVersion: ADMISSION, kind: "ValidatingAdmissionPolicyBinding", object: { spec: { policyName: "kinds", validationActions: ["Audit"] } }, columns: "NAME POLICYNAME PARAMREF AGE", field: ["validatingadmissionpolicybinding.spec.paramRef", "ParamRef"], says: /^ +Policy Name: +kinds$/m },
  { resource: "mutatingadmissionpolicy", apiVersion: ADMISSION, kind: "MutatingAdmissionPolicy", object: { spec: { matchConstraints: { resourceRules: [rule] }, mutations: [{ patchType: "JSONPatch", jsonPatch: { expression: '[JSONPatch{op: "remove", path: "/metadata/annotations"}]' } }], reinvocationPolicy: "Never" } }, columns: "NAME MUTATIONS PARAMKIND AGE", field: ["mutatingadmissionpolicy.spec.mutations", "[]Mutation"], says: /^ +Patch Type: +JSONPatch$/m },
  { resource: "mutatingadmissionpolicybinding", apiVersion: ADMISSION, kind: "MutatingAdmissionPolicyBinding", object: { spec: { policyName: "kinds" } }, columns: "NAME POLICYNAME PARAMREF AGE", field: ["mutatingadmissionpolicybinding.spec.matchResources", "MatchResources"], says: /^ +Policy Name: +kinds$/m },
];

describe("kubectl and each kind", { skip }, () => {
  for (const { resource, apiVersion, kind, name = "kinds", object, columns, field, says } of CASES) {
    test(kind, async () => {
      const input = { apiVersion, kind, metadata: { name }, ...object };
      assert.match(await kubectl.ok(["create", "-f", "-"], { input }), new RegExp(`/${name} created$`));
      assert.equal((await kubectl.ok(["get", resource, name, "-o", "wide"])).split("\n")[0]!.split(/ {2,}/).join(" ").trim(), columns);
      assert.match(await kubectl.ok(["explain", `--api-version=${apiVersion}`, field[0]]), new RegExp(`^FIELD: \\S+ <${field[1].replaceAll(/[[\]]/g, "\\$&")}>`, "m"));
      if (says) assert.match(await kubectl.ok(["describe", resource, name]), says);
      await kubectl.ok(["delete", resource, name]);
    });
  }
});

describe("kubectl's own words for them", { skip }, () => {
  test("create ingress, quota, and services that kubectl sends as protocol buffers", async () => {
    await kubectl.ok(["create", "ingress", "shop", "--class=nginx", "--rule=shop.example.com/*=web:80,tls=cert"]);
    const { spec } = await kubectl.json(["get", "ingress", "shop"]);
    assert.deepEqual(spec, {
      ingressClassName: "nginx",
      rules: [{ host: "shop.example.com", http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }],
      tls: [{ hosts: ["shop.example.com"], secretName: "cert" }],
    });
    await kubectl.ok(["create", "quota", "small", "--hard=pods=5,cpu=2", "--scopes=NotTerminating"]);
    assert.deepEqual((await kubectl.json(["get", "quota", "small"])).spec, { hard: { cpu: "2", pods: "5" }, scopes: ["NotTerminating"] });
    await kubectl.ok(["create", "service", "externalname", "out", "--external-name=example.com"]);
    assert.equal((await kubectl.json(["get", "service", "out"])).spec.externalName, "example.com");
  });

  test("what nothing acts on is warned of, and what is deprecated", async () => {
    const { stderr } = await kubectl.run(["create", "ingress", "other", "--default-backend=web:80"]);
    assert.match(stderr, /^Warning: Ingress is stored and has no effect/);
    assert.match((await kubectl.run(["get", "endpoints"])).stderr, /^Warning: v1 Endpoints is deprecated in v1\.33\+; use discovery\.k8s\.io\/v1 EndpointSlice$/m);
    const statuses = await kubectl.run(["get", "componentstatuses"]);
    assert.match(statuses.stderr, /^Warning: v1 ComponentStatus is deprecated in v1\.19\+$/m);
    assert.match(statuses.stdout, /^etcd-0 +Healthy +ok/m);
  });

  test("what is there from the start: API services, flow control, the range of Services and whose its addresses are", async () => {
    const services = rowsOf(await kubectl.ok(["get", "apiservices"]));
    for (const name of ["v1.", "v1.apps", "v2.autoscaling"]) {
      const { SERVICE, AVAILABLE } = services.find(({ NAME }) => NAME === name) ?? assert.fail(`no ${name}`);
      assert.deepEqual([SERVICE, AVAILABLE], ["Local", "True"]);
    }
    assert.match(await kubectl.ok(["get", "flowschemas"]), /^catch-all +catch-all +10000 +ByUser +\S+ +False$/m);
    assert.match(await kubectl.ok(["get", "servicecidrs"]), /^kubernetes +10\.96\.0\.0\/12 /m);
    assert.match(await kubectl.ok(["get", "ipaddresses"]), /^10\.96\.0\.1 +services\/default\/kubernetes$/m);
  });

  test("events by either group", async () => {
    await kubectl.ok(["create", "-f", "-"], {
      input: {
        apiVersion: "events.k8s.io/v1",
        kind: "Event",
        metadata: { name: "kinds" },
        regarding: { apiVersion: "v1", kind: "Pod", name: "nobody", namespace: "kubectl-kinds" },
        reason: "Tested",
        note: "all is well",
        action: "Test",
        type: "Normal",
        eventTime: "2026-01-01T00:00:00.000000Z",
        reportingController: "example.com/test",
        reportingInstance: "t",
      },
    });
    for (const resource of ["events", "events.events.k8s.io"]) assert.match(await kubectl.ok(["get", resource, "kinds"]), /Normal +Tested +pod\/nobody +all is well$/m);
    assert.match(await kubectl.ok(["events", "--for=pod/nobody"]), /Tested +Pod\/nobody +all is well/);
    assert.match(await kubectl.ok(["explain", "events", "--api-version=events.k8s.io/v1"]), /^ {2}regarding\t<ObjectReference>/m);
  });
});

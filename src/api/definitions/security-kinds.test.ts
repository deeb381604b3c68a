/** The kinds of rbac, certificates, authentication and authorization: defaults, validation in upstream's words, columns. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { certificateRequest } from "#lib/testing/certificate-request.ts";
import type { CertificateSigningRequest } from "../types.ts";
import { validateApprovalUpdate } from "./certificate-signing-request-validation.ts";
import { created, creating, decoded, rowOf, updating, updatingStatus } from "./testing.ts";

const GROUP = "rbac.authorization.k8s.io";
const roleRef = { apiGroup: GROUP, kind: "Role", name: "reader" };
const rule = { apiGroups: [""], resources: ["pods"], verbs: ["get"] };
const binding = (...subjects: object[]): object => ({ roleRef, subjects });
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const request = base64(certificateRequest({ commonName: "jane", organizations: ["dev"] }));
const csr = (spec: object = {}, status?: object): object => ({ spec: { request, signerName: "kubernetes.io/kube-apiserver-client", usages: ["client auth"], ...spec }, ...(status ? { status } : {}) });
const conditions = (...types: string[]): object => ({ conditions: types.map((type) => ({ type, status: "True" })) });

test("bindings know whose group their subjects are of", () => {
  const subjects = [{ kind: "User", name: "jane" }, { kind: "Group", name: "dev" }, { kind: "ServiceAccount", name: "web", namespace: "shop" }];
  assert.deepEqual(created("RoleBinding", { roleRef: { kind: "Role", name: "reader" }, subjects }), {
    metadata: { name: "x" },
    roleRef,
    subjects: [{ kind: "User", name: "jane", apiGroup: GROUP }, { kind: "Group", name: "dev", apiGroup: GROUP }, { kind: "ServiceAccount", name: "web", namespace: "shop" }],
  });
});

const creations: [kind: string, object: object, errors: string[]][] = [
  ["Role", { rules: [rule] }, []],
  ["Role", { metadata: { name: "system:Anything goes" }, rules: [] }, []],
  ["Role", { metadata: { name: "a/b" } }, [`metadata.name: Invalid value: "a/b": may not contain '/'`]],
  ["Role", { rules: [{ ...rule, verbs: [] }] }, ["rules[0].verbs: Required value: verbs must contain at least one value"]],
  [
    "Role",
    { rules: [{ verbs: ["get"] }] },
    ["rules[0].apiGroups: Required value: resource rules must supply at least one api group", "rules[0].resources: Required value: resource rules must supply at least one resource"],
  ],
  ["Role", { rules: [{ verbs: ["get"], nonResourceURLs: ["/metrics"] }] }, [`rules[0].nonResourceURLs: Invalid value: ["/metrics"]: namespaced rules cannot apply to non-resource URLs`]],
  ["ClusterRole", { rules: [{ verbs: ["get"], nonResourceURLs: ["/metrics"] }] }, []],
  ["ClusterRole", { rules: [{ ...rule, nonResourceURLs: ["/x"] }] }, [`rules[0].nonResourceURLs: Invalid value: ["/x"]: rules cannot apply to both regular resources and non-resource URLs`]],
  ["ClusterRole", { aggregationRule: {} }, ["aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil"]],
  ["ClusterRole", { aggregationRule: { clusterRoleSelectors: [{ matchExpressions: [{ key: "a", operator: "In" }] }] } }, ["aggregationRule.clusterRoleSelectors[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"]],
  ["RoleBinding", binding({ kind: "User", name: "jane" }), []],
  ["RoleBinding", { roleRef: { kind: "Group", name: "" } }, [`roleRef.kind: Unsupported value: "Group": supported values: "Role", "ClusterRole"`, "roleRef.name: Required value"]],
  ["ClusterRoleBinding", { roleRef }, [`roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"`]],
  ["RoleBinding", binding({ kind: "ServiceAccount", name: "web" }), []],
  ["ClusterRoleBinding", { roleRef: { ...roleRef, kind: "ClusterRole" }, subjects: [{ kind: "ServiceAccount", name: "web" }] }, ["subjects[0].namespace: Required value"]],
  ["RoleBinding", binding({ kind: "ServiceAccount", name: "web", apiGroup: GROUP }), [`subjects[0].apiGroup: Unsupported value: "${GROUP}": supported values: ""`]],
  ["RoleBinding", binding({ kind: "Robot", name: "r" }), [`subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"`]],
  ["RoleBinding", binding({ kind: "User", name: "" }), ["subjects[0].name: Required value", `subjects[0].name: Invalid value: "": user name cannot be empty`]],

  ["CertificateSigningRequest", csr(), []],
  ["CertificateSigningRequest", csr({ request: base64("hello") }), [`spec.request: Invalid value: "aGVsbG8=": PEM block type must be CERTIFICATE REQUEST`]],
  ["CertificateSigningRequest", csr({ usages: [] }), ["spec.usages: Required value"]],
  ["CertificateSigningRequest", csr({ usages: ["client auth", "client auth"] }), [`spec.usages[1]: Duplicate value: "client auth"`]],
  ["CertificateSigningRequest", csr({ signerName: "" }), ["spec.signerName: Required value"]],
  ["CertificateSigningRequest", csr({ signerName: "mine" }), [`spec.signerName: Invalid value: "mine": must be a fully qualified domain and path of the form 'example.com/signer-name'`]],
  ["CertificateSigningRequest", csr({ signerName: "com/mine" }), [`spec.signerName: Invalid value: "com": should be a domain with at least two segments separated by dots`]],
  ["CertificateSigningRequest", csr({ signerName: "kubernetes.io/legacy-unknown" }), [`spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version`]],
  ["CertificateSigningRequest", csr({ expirationSeconds: 60 }), ["spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 600 seconds (10 minutes)"]],

  ["SelfSubjectAccessReview", { metadata: {}, spec: {} }, ["spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified"]],
  ["SubjectAccessReview", { metadata: {}, spec: { resourceAttributes: { verb: "get" } } }, [`spec.user: Invalid value: "": at least one of user or group must be specified`]],
  ["SubjectAccessReview", { metadata: { name: "x" }, spec: { user: "jane", nonResourceAttributes: { path: "/" } } }, [`metadata: Invalid value: {"name":"x"}: must be empty`]],
  [
    "LocalSubjectAccessReview",
    { metadata: { namespace: "shop" }, spec: { user: "jane", resourceAttributes: { namespace: "other", verb: "get" } } },
    [`spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace`],
  ],
];
for (const [kind, object, errors] of creations) {
  test(`creating ${kind} ${JSON.stringify(object).slice(0, 120)}`, () => assert.deepEqual(creating(kind, object), errors));
}

test("a binding goes on binding the same role", () => {
  const other = { roleRef: { ...roleRef, name: "writer" } };
  assert.deepEqual(updating("RoleBinding", binding(), other), [`roleRef: Invalid value: {"APIGroup":"${GROUP}","Kind":"Role","Name":"writer"}: cannot change roleRef`]);
});

test("a certificate is issued once, and by who may not decide whether", () => {
  const approved = csr({}, conditions("Approved"));
  assert.deepEqual(updatingStatus("CertificateSigningRequest", csr(), approved), [`status.conditions: Forbidden: updates may not add a condition of type "Approved"`]);
  assert.deepEqual(updatingStatus("CertificateSigningRequest", approved, csr({}, conditions())), [`status.conditions: Forbidden: updates may not remove a condition of type "Approved"`]);
  assert.deepEqual(updatingStatus("CertificateSigningRequest", approved, csr({}, { ...conditions("Approved"), certificate: base64("x") })), [
    `status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block`,
  ]);
  const issued = csr({}, { ...conditions("Approved"), certificate: base64("a") });
  assert.deepEqual(updatingStatus("CertificateSigningRequest", issued, approved), ["status.certificate: Forbidden: updates may not modify existing certificate content"]);
});

test("what was approved can't be denied, nor the decision withdrawn", () => {
  const of = (...types: string[]): CertificateSigningRequest => decoded("CertificateSigningRequest", csr({}, conditions(...types))) as CertificateSigningRequest;
  assert.deepEqual(validateApprovalUpdate(of("Approved"), of()), []);
  assert.match(validateApprovalUpdate(of(), of("Approved"))[0]!.message, /updates may not remove a condition of type "Approved"/);
  assert.deepEqual(creating("CertificateSigningRequest", csr()), []);
});

test("the rows of bindings and requests", () => {
  const subjects = [{ kind: "User", name: "jane" }, { kind: "User", name: "joe" }, { kind: "ServiceAccount", name: "web", namespace: "shop" }];
  assert.deepEqual(rowOf("RoleBinding", { roleRef, subjects }), { Name: "x", Role: "Role/reader", Age: "90s", Users: "jane, joe", Groups: "", ServiceAccounts: "shop/web" });
  const row = (status: object): unknown => rowOf("CertificateSigningRequest", csr({ username: "kubernetes-admin", expirationSeconds: 3600 }, status))["Condition"];
  assert.deepEqual(rowOf("CertificateSigningRequest", csr({ username: "kubernetes-admin", expirationSeconds: 3600 })), {
    Name: "x",
    Age: "90s",
    SignerName: "kubernetes.io/kube-apiserver-client",
    Requestor: "kubernetes-admin",
    RequestedDuration: "60m",
    Condition: "Pending",
  });
  assert.deepEqual([row(conditions("Denied")), row({ ...conditions("Approved"), certificate: "x" }), row(conditions("Approved", "Failed"))], ["Denied", "Approved,Issued", "Approved,Failed"]);
});

import assert from "node:assert/strict";
import { before, test } from "node:test";
import fc from "fast-check";
import { StatusError } from "#api/errors.ts";
import { ensureSchemas } from "#api/openapi/index.ts";
import { decodeProtobuf } from "./decode.ts";

before(() => ensureSchemas());

/** A message by hand: numbers are varints, text and bytes length-delimited. */
function message(...fields: [number: number, value: number | string | Uint8Array][]): Buffer {
  const varint = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 128))]);
  return Buffer.concat(
    fields.map(([number, value]) => {
      if (typeof value === "number") return Buffer.from([...varint(number << 3), ...varint(value)]);
      const bytes = Buffer.from(value);
      return Buffer.concat([Buffer.from([...varint((number << 3) | 2), ...varint(bytes.length)]), bytes]);
    }),
  );
}

function envelope(apiVersion: string, kind: string, raw: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from("k8s\0"), message([1, message([1, apiVersion], [2, kind])], [2, raw], [3, ""], [4, ""])]);
}

const decode = (body: Uint8Array, model: string): unknown => decodeProtobuf(body, `io.k8s.api.${model}`);

test("a ConfigMap as kubectl create sends it: unset strings and times are absent", () => {
  const metadata = message([1, "web"], [2, ""], [3, "shop"], [4, ""], [5, ""], [6, ""], [7, 0], [8, ""]);
  const body = envelope("v1", "ConfigMap", message([1, metadata], [2, message([1, "a"], [2, "1"])], [2, message([1, "b"], [2, ""])]));
  assert.deepEqual(decode(body, "core.v1.ConfigMap"), { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "web", namespace: "shop" }, data: { a: "1", b: "" } });
});

test("secret data is base64, as in JSON", () => {
  const body = envelope("v1", "Secret", message([1, message([1, "s"])], [2, message([1, "key"], [2, Buffer.from([0xff, 0])])], [3, "Opaque"]));
  assert.deepEqual(decode(body, "core.v1.Secret"), { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, data: { key: "/wA=" }, type: "Opaque" });
});

test("zero replicas are kept, because the field is a pointer; zero minReadySeconds are not", () => {
  const body = envelope("apps/v1", "Deployment", message([1, message([1, "web"])], [2, message([1, 0], [5, 0])]));
  assert.deepEqual(decode(body, "apps.v1.Deployment"), { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec: { replicas: 0 } });
});

test("a Pod's empty status, as kubectl debug sends it", () => {
  const status = message([1, ""], [3, ""], [4, ""], [5, ""], [6, ""], [9, ""], [11, ""], [14, ""], [17, 0]);
  const body = envelope("v1", "Pod", message([1, message([1, "p"])], [3, status]));
  assert.deepEqual(decode(body, "core.v1.Pod"), { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, status: {} });
});

test("a volume's source and a probe's handler are inlined, quantities and ports have their own encodings", () => {
  const volume = message([1, "data"], [2, message([2, message([1, ""])])]);
  const port = message([1, 1], [2, 0], [3, "http"]);
  const probe = message([1, message([2, message([1, "/readyz"], [2, port])])], [4, 5]);
  const container = message([1, "app"], [8, message([2, message([1, "cpu"], [2, message([1, "100m"])])])], [11, probe]);
  const body = envelope("v1", "Pod", message([1, message([1, "p"])], [2, message([1, volume], [2, container])]));
  assert.deepEqual(decode(body, "core.v1.Pod"), {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p" },
    spec: {
      volumes: [{ name: "data", emptyDir: {} }],
      containers: [{ name: "app", resources: { requests: { cpu: "100m" } }, readinessProbe: { httpGet: { path: "/readyz", port: "http" }, periodSeconds: 5 } }],
    },
  });
});

test("a message within a message that stands in place of both, zero where it says something, and the group's own type of a name", () => {
  const rule = message([1, ""], [2, "v1"], [3, "pods"], [4, ""]);
  const named = message([1, "web"], [2, message([1, "CREATE"], [2, rule])]);
  const policy = envelope("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", message([2, message([2, message([3, named])])]));
  assert.deepEqual((decode(policy, "admissionregistration.v1.ValidatingAdmissionPolicy") as { spec: object }).spec, {
    matchConstraints: { resourceRules: [{ resourceNames: ["web"], operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"], scope: "" }] },
  });
  const subject = message([1, "User"], [2, message([1, "ada"])]);
  const schema = envelope("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", message([2, message([4, message([1, subject])])]));
  assert.deepEqual((decode(schema, "flowcontrol.v1.FlowSchema") as { spec: object }).spec, { rules: [{ subjects: [{ kind: "User", user: { name: "ada" } }] }] });
  const budget = envelope("policy/v1", "PodDisruptionBudget", message([2, message([1, message([1, 0], [2, 0], [3, ""])])]));
  assert.deepEqual((decode(budget, "policy.v1.PodDisruptionBudget") as { spec: object }).spec, { minAvailable: 0 });
});

test("what is no Kubernetes protobuf is refused with the reason", () => {
  assert.throws(() => decode(Buffer.from("{}"), "core.v1.Pod"), /does not begin with k8s/);
  assert.throws(() => decode(envelope("v1", "ConfigMap", Buffer.from([0x0a, 0x7f])), "core.v1.ConfigMap"), { name: "StatusError", message: /unable to decode/ });
});

test("no bytes crash the decoder: they decode or are refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decode(envelope("v1", "Pod", bytes), "core.v1.Pod");
      } catch (error) {
        assert.ok(error instanceof StatusError, String(error));
      }
    }),
  );
});

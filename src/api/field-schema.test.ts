import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fieldsOfCustomResource, fieldsOfModel, type FieldSchema, type MergeableJsonSchema } from "./field-schema.ts";

/** The schema at a path; `[]` are a list's items, `{}` a map's values. */
function at(schema: FieldSchema, path: string): FieldSchema {
  return path.split(".").reduce((field, step) => (step === "[]" ? field.list!.items : step === "{}" ? field.map!.values! : (field.map!.field(step) ?? field.map!.values!)), schema);
}

/** `map`, `atomic map`, `list by name`, `set`, `string`, `any`. */
function describeField({ scalar, list, map }: FieldSchema): string {
  if (scalar && map) return `any${map.atomic ? ", as a whole" : ""}`;
  if (scalar) return scalar;
  if (map) return map.atomic ? "atomic map" : "map";
  return list!.type === "map" ? `list by ${list!.keys.join(",")}` : list!.type === "set" ? "set" : "atomic list";
}

describe("the fields of built-in kinds", () => {
  const cases: [string, string, string][] = [
    ["core.v1.Pod", "metadata.labels", "map"],
    ["core.v1.Pod", "metadata.finalizers", "set"],
    ["core.v1.Pod", "metadata.ownerReferences", "list by uid"],
    ["core.v1.Pod", "metadata.ownerReferences.[]", "atomic map"],
    ["core.v1.Pod", "metadata.creationTimestamp", "untyped"],
    ["core.v1.Pod", "spec.containers", "list by name"],
    ["core.v1.Pod", "spec.containers.[].ports", "list by containerPort,protocol"],
    ["core.v1.Pod", "spec.containers.[].args", "atomic list"],
    ["core.v1.Pod", "spec.containers.[].resources.limits.{}", "untyped"],
    ["core.v1.Pod", "spec.containers.[].livenessProbe.httpGet.port", "untyped"],
    ["core.v1.Pod", "spec.nodeSelector", "atomic map"],
    ["core.v1.Pod", "spec.priority", "numeric"],
    ["apps.v1.Deployment", "spec.selector", "atomic map"],
    ["apps.v1.Deployment", "spec.paused", "boolean"],
    ["core.v1.PersistentVolume", "spec.claimRef", "map"],
    ["core.v1.Binding", "target", "atomic map"],
    ["autoscaling.v1.HorizontalPodAutoscaler", "spec.scaleTargetRef", "atomic map"],
    ["autoscaling.v2.HorizontalPodAutoscaler", "spec.scaleTargetRef", "map"],
    ["apps.v1.ControllerRevision", "data", "any"],
  ];
  for (const [model, path, expected] of cases) it(`${model} ${path}: ${expected}`, () => assert.equal(describeField(at(fieldsOfModel(`io.k8s.api.${model}`), path)), expected));

  it("default the keys of lists", () => {
    assert.deepEqual(at(fieldsOfModel("io.k8s.api.core.v1.Pod"), "spec.containers.[].ports").list!.keyDefaults, { containerPort: 0, protocol: "TCP" });
  });

  it("know no others", () => assert.deepEqual([at(fieldsOfModel("io.k8s.api.core.v1.Pod"), "spec").map!.field("colour"), at(fieldsOfModel("io.k8s.api.core.v1.Pod"), "spec").map!.values], [undefined, undefined]));
});

describe("the fields of custom resources", () => {
  const schema: MergeableJsonSchema = {
    properties: {
      spec: {
        type: "object",
        properties: {
          port: { type: "integer" },
          target: { anyOf: [{ type: "integer" }, { type: "string" }], "x-kubernetes-int-or-string": true } as MergeableJsonSchema,
          whole: { type: "object", properties: { a: { type: "string" } }, "x-kubernetes-map-type": "atomic" },
          labels: { type: "object", additionalProperties: { type: "string" } },
          open: { type: "object", properties: { a: { type: "string" } }, additionalProperties: true },
          kept: { type: "object", "x-kubernetes-preserve-unknown-fields": true, properties: { deep: { type: "object", properties: { a: { type: "string" } } } } },
          empty: { type: "object" },
          names: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
          list: { type: "array", items: { type: "object", properties: { name: { type: "string", default: "x" } } }, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] },
          steps: { type: "array", items: { type: "string" } },
          template: { type: "object", "x-kubernetes-embedded-resource": true, properties: { spec: { type: "object" } } },
        },
      },
    },
  };
  const fields = fieldsOfCustomResource(schema);
  const cases: [string, string][] = [
    ["kind", "string"],
    ["metadata.finalizers", "set"],
    ["spec", "map"],
    ["spec.port", "numeric"],
    ["spec.target", "any"],
    ["spec.whole", "atomic map"],
    ["spec.labels.{}", "string"],
    ["spec.open.{}", "any"],
    ["spec.kept.{}", "any"],
    ["spec.kept.deep.{}", "any"],
    ["spec.empty.{}", "any"],
    ["spec.names", "set"],
    ["spec.list", "list by name"],
    ["spec.steps", "atomic list"],
    ["spec.template.metadata.labels", "map"],
  ];
  for (const [path, expected] of cases) it(`${path}: ${expected}`, () => assert.equal(describeField(at(fields, path)), expected));

  it("default the keys of lists", () => assert.deepEqual(at(fields, "spec.list").list!.keyDefaults, { name: "x" }));
  it("know no others where none are kept", () => assert.equal(at(fields, "spec").map!.values, undefined));
});

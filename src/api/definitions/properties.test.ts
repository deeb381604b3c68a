/** What must hold for whatever a client sends that the decoder lets through. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { prune } from "../openapi/decode.ts";
import { INT_OR_STRING, MICRO_TIME, QUANTITY, TIME } from "../openapi/models.ts";
import { type Property, schemaOf } from "../openapi/schema.ts";
import { apiVersionOf } from "../resources.ts";
import type { ResourceDefinition } from "../scheme.ts";
import type { KubeObject } from "../types.ts";
import { definitions } from "./index.ts";

const WORDS = ["", "a", "web-1", "Bad Name!", "../x", "/data", "8080", "Always", "RollingUpdate", "None", "ClusterIP", "10.0.0.1", "25%", "Exists", "metadata.name"];

/** Any value that has the right types, with fields missing at random: what the decoder lets through. */
function valueOf(property: Property, depth: number): fc.Arbitrary<unknown> {
  switch (property.ref) {
    case undefined:
      break;
    case QUANTITY:
      return fc.constantFrom("1", "100m", "1Gi", "-5", "0", 2, "0.5");
    case INT_OR_STRING:
      return fc.oneof(fc.integer({ min: -1, max: 70000 }), fc.constantFrom(...WORDS));
    case TIME:
    case MICRO_TIME:
      return fc.constant("2026-01-01T00:00:00Z");
    default:
      return objectOf(property.ref, depth);
  }
  switch (property.type) {
    case "array":
      return fc.array(valueOf(property.items!, depth), { maxLength: 2 });
    case "object":
      return fc.dictionary(fc.constantFrom("app", "storage", "cpu", "tls.key", "Bad Key!"), valueOf(property.values!, depth), { maxKeys: 2 });
    case "boolean":
      return fc.boolean();
    case "integer":
    case "number":
      return fc.integer({ min: -1, max: 70000 });
    case "string":
    case undefined:
      if (property.format === "byte") return fc.constantFrom("", "eA==");
      return fc.constantFrom(...(property.enum ?? []), ...WORDS);
  }
}

function objectOf(model: string, depth: number): fc.Arbitrary<object> {
  const { properties } = schemaOf(model);
  if (!properties || depth === 0) return fc.constant({});
  const fields = Object.entries(properties).map(([name, property]) => [name, fc.option(valueOf(property, depth - 1), { nil: undefined, freq: depth > 3 ? 3 : 1 })]);
  return fc.record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>).map((record) => JSON.parse(JSON.stringify(record)) as object);
}

function objectsOf(definition: ResourceDefinition): fc.Arbitrary<KubeObject> {
  return objectOf(definition.model, 7).map((object) => {
    const whole = { metadata: {}, ...object, apiVersion: apiVersionOf(definition), kind: definition.kind } as KubeObject;
    whole.metadata = { ...whole.metadata, name: "x", namespace: "default" };
    prune(definition.model, whole);
    return whole;
  });
}

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

for (const definition of definitions) {
  test(`${definition.kind}: defaulting twice is defaulting once`, () => {
    fc.assert(
      fc.property(objectsOf(definition), (object) => {
        definition.setDefaults!(object);
        const once = copy(object);
        definition.setDefaults!(object);
        assert.deepEqual(copy(object), once);
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  test(`${definition.kind}: defaults have the types of the schema`, () => {
    fc.assert(
      fc.property(objectsOf(definition), (object) => {
        definition.setDefaults!(object);
        definition.prepareForCreate?.(object);
        assert.deepEqual(prune(definition.model, object), []);
      }),
      { numRuns: 60, seed: 2 },
    );
  });

  test(`${definition.kind}: nothing throws, whatever is missing`, () => {
    fc.assert(
      fc.property(objectsOf(definition), objectsOf(definition), (object, old) => {
        for (const each of [object, old]) definition.setDefaults!(each);
        const created = copy(object);
        definition.prepareForCreate?.(created);
        const errors = definition.validate?.(created) ?? [];
        definition.warnings?.(created);
        if (errors.length > 0 || (definition.validate?.(old) ?? []).length > 0) return;
        definition.prepareForUpdate?.(object, old);
        definition.validateUpdate?.(object, old);
        definition.validateStatusUpdate?.(object, old);
        definition.fields?.(created);
        for (const { cell } of definition.columns ?? []) assert.notEqual(cell(created, Date.UTC(2026, 0, 1)), undefined);
      }),
      { numRuns: 200, seed: 3 },
    );
  });

  test(`${definition.kind}: what is valid stays valid when it is written back`, () => {
    fc.assert(
      fc.property(objectsOf(definition), (object) => {
        definition.setDefaults!(object);
        definition.prepareForCreate?.(object);
        if ((definition.validate?.(object) ?? []).length > 0) return;
        const again = copy(object);
        definition.setDefaults!(again);
        definition.prepareForUpdate?.(again, object);
        assert.deepEqual(definition.validateUpdate?.(again, object) ?? [], []);
      }),
      { numRuns: 60, seed: 4 },
    );
  });
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { definitions } from "#api/definitions/index.ts";
import { JSON_MODELS, shortName } from "#api/openapi/models.ts";
import { ensureSchemas, schemaOf, type Property } from "#api/openapi/schema.ts";
import { FIELDS } from "./fields.ts";

/** Of Kubernetes' types these alone are not read: see docs/differences.md. */
const NOT_READ = /^io\.k8s\.apiextensions-apiserver\./;

const textOf = (model: string): string | undefined => FIELDS[model] ?? FIELDS[shortName(model)];

/** The fields of a message and of those that stand in its place. */
function fieldsOf(text: string): string[] {
  return text.split(" ").flatMap((word) => (word.startsWith("=") ? fieldsOf(FIELDS[word.slice(1)]!) : word === "." ? [] : [word.replace("?", "")]));
}

function refsOf(property: Property): string[] {
  return [property.ref, ...[property.items, property.values].flatMap((part) => (part ? refsOf(part) : []))].filter((ref) => ref !== undefined);
}

test("every field of every kind has its number", () => {
  ensureSchemas();
  const seen = new Set<string>();
  const missing: string[] = [];
  const visit = (model: string): void => {
    const { properties } = schemaOf(model);
    if (seen.has(model) || !properties || NOT_READ.test(model) || JSON_MODELS.includes(model)) return;
    seen.add(model);
    const text = textOf(model);
    if (text === undefined) missing.push(model);
    const known = new Set(["apiVersion", "kind", ...fieldsOf(text ?? "")]);
    for (const [name, property] of Object.entries(properties)) {
      if (text !== undefined && !known.has(name)) missing.push(`${model}.${name}`);
      refsOf(property).forEach(visit);
    }
  };
  for (const { model } of definitions) visit(model);
  assert.deepEqual(missing, []);
  assert.ok(seen.size > 300, String(seen.size));
});

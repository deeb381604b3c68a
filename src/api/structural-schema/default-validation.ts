/**
 * Defaults must be valid by the schema that has them.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/schema/defaulting/validation.go
 */
import { isDeepStrictEqual } from "node:util";
import { RUNTIME_COST_BUDGET } from "#cel/index.ts";
import { invalid } from "../definitions/field-errors.ts";
import type { FieldError } from "../errors.ts";
import { asResource, itemsOf, type JsonObject, type JsonSchema } from "./json-schema.ts";
import { validateMetadata } from "./object-meta.ts";
import { prune } from "./pruning.ts";
import { RuleValidator } from "./rules.ts";
import { validateValue } from "./value-validator.ts";

/** Where a default is: within which resource, and how to put it there. */
interface Place {
  root: JsonSchema;
  insideMetadata: boolean;
  surround: (value: unknown) => JsonObject;
}

/** `requirePruned` refuses defaults with fields that the schema doesn't know. */
export function validateDefaults(schema: JsonSchema, path: string, requirePruned: boolean): FieldError[] {
  const root = asResource(schema);
  const budget = { left: RUNTIME_COST_BUDGET };
  return validate(root, path, { root, insideMetadata: false, surround: withTypeMeta }, requirePruned, budget);
}

function withTypeMeta(value: unknown): JsonObject {
  return { kind: "Validation", apiVersion: "validation/v1", ...(value as JsonObject) };
}

function validate(schema: JsonSchema, path: string, outer: Place, requirePruned: boolean, budget: { left: number }): FieldError[] {
  const isResource = schema["x-kubernetes-embedded-resource"] === true;
  const place: Place = isResource ? { root: schema, insideMetadata: false, surround: withTypeMeta } : outer;
  const errors: FieldError[] = [];
  if (schema.default != null) errors.push(...validateDefault(schema, `${path}.default`, place, requirePruned, budget));
  const items = itemsOf(schema);
  if (items && budget.left >= 0) errors.push(...validate(items, `${path}.items`, { ...place, surround: (value) => place.surround([value]) }, requirePruned, budget));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (budget.left < 0) break;
    const insideMetadata = place.insideMetadata || (isResource && ["metadata", "apiVersion", "kind"].includes(name));
    const inner: Place = { ...place, insideMetadata, surround: (value) => place.surround({ [name]: value }) };
    errors.push(...validate(property, `${path}.properties[${name}]`, inner, requirePruned, budget));
  }
  return errors;
}

function validateDefault(schema: JsonSchema, path: string, { root, insideMetadata, surround }: Place, requirePruned: boolean, budget: { left: number }): FieldError[] {
  const standard: unknown = structuredClone(schema.default);
  const isResource = schema["x-kubernetes-embedded-resource"] === true;
  if (insideMetadata) {
    const object = surround(standard);
    const wrong = validateMetadata(object, root);
    if (wrong.length > 0) return [invalid(path, schema.default, `must result in valid metadata: ${aggregate(wrong)}`)];
    return validateByRules(schema, standard, path, isResource, budget);
  }
  const errors: FieldError[] = [];
  if (requirePruned) {
    const pruned: unknown = structuredClone(standard);
    prune(pruned, schema);
    if (!isDeepStrictEqual(pruned, standard)) errors.push(invalid(path, standard, "must not have unknown fields"));
  }
  const metadataErrors = validateMetadata(standard, schema, path);
  return [...errors, ...(metadataErrors.length > 0 ? metadataErrors : validateByRules(schema, standard, path, isResource, budget))];
}

/** By the schema, then by its rules: as if the default had been there before, and as if it had not. */
function validateByRules(schema: JsonSchema, standard: unknown, path: string, isResource: boolean, budget: { left: number }): FieldError[] {
  const errors = validateValue(standard, schema, { path });
  if (errors.length > 0) return errors;
  const rules = RuleValidator.of(schema, isResource);
  if (!rules) return [];
  const kept = rules.validate(standard, standard, { path, budget: budget.left });
  const introduced = kept.errors.length === 0 ? rules.validate(standard, undefined, { path, budget: budget.left }) : kept;
  budget.left = Math.min(kept.budget, introduced.budget);
  return introduced.errors;
}

/** As Go prints several errors as one. */
function aggregate(errors: FieldError[]): string {
  const texts = errors.map(({ field, message }) => `${field}: ${message}`);
  return texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`;
}

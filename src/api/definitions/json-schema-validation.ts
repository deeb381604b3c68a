/**
 * What a custom resource's schema may say, besides being structural.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apis/apiextensions/validation/validation.go (ValidateCustomResourceDefinitionOpenAPISchema)
 */
import { ESTIMATED_COST_LIMIT, ESTIMATED_CRD_COST_LIMIT } from "#cel/index.ts";
import type { FieldError } from "../errors.ts";
import { compileRules } from "../structural-schema/compile-rules.ts";
import { findField } from "../structural-schema/field-path.ts";
import { itemsOf, propertyOf, valuesOf, type JsonSchema, type ValidationRule } from "../structural-schema/json-schema.ts";
import { forbidden, invalid, notSupported, required } from "./field-errors.ts";

const TYPES = ["array", "boolean", "integer", "number", "object", "string"];
const META_FIELDS = ["metadata", "kind", "apiVersion"];
const REASONS = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/** Where in the schema. */
interface Place {
  isRoot: boolean;
  /** Why there may be no defaults; undefined where there may. */
  noDefaults: string | undefined;
  insideMetadata: boolean;
  /** The nearest schema around whose old values can't be told; undefined where they can. */
  uncorrelatable: string | undefined;
  /** How often the data can be in an object; undefined where that isn't bounded. */
  cardinality: number | undefined;
  /** Undefined where rules aren't looked at. */
  costs: RuleCosts | undefined;
}

/** Errors of the schema, and of the rules in it, which come last. */
interface Found {
  schema: FieldError[];
  rules: FieldError[];
}

/** Without `costs` rules aren't compiled. */
export function validateJsonSchema(schema: JsonSchema, path: string, costs: RuleCosts | undefined): FieldError[] {
  const place: Place = { isRoot: true, noDefaults: undefined, insideMetadata: false, uncorrelatable: undefined, cardinality: 1, costs };
  const found = validate(schema, path, place);
  return [...found.schema, ...found.rules];
}

function validate(schema: JsonSchema, path: string, place: Place): Found {
  const found: Found = { schema: [...plainErrors(schema, path, place)], rules: [] };
  const within = (inner: JsonSchema | undefined, innerPath: string, change: Partial<Place> = {}): void => {
    if (!inner) return;
    const errors = validate(inner, innerPath, { ...place, isRoot: false, ...change });
    found.schema.push(...errors.schema);
    found.rules.push(...errors.rules);
  };
  const cardinality = childCardinality(schema, place.cardinality);
  const { properties = {}, not, items } = schema;
  const noDefaults = place.insideMetadata ? "inside additionalProperties applying to object metadata" : place.noDefaults;
  within(valuesOf(schema), `${path}.additionalProperties`, { noDefaults, cardinality });
  for (const [name, property] of Object.entries(properties)) {
    const isMeta = (place.isRoot || schema["x-kubernetes-embedded-resource"] === true) && META_FIELDS.includes(name);
    within(property, `${path}.properties[${name}]`, {
      cardinality,
      ...(isMeta ? { insideMetadata: true } : {}),
      ...(isMeta && place.isRoot ? { noDefaults: `in top-level ${name}` } : {}),
    });
  }
  within(not, `${path}.not`, { costs: undefined });
  for (const junctor of ["allOf", "oneOf", "anyOf"] as const) {
    schema[junctor]?.forEach((inner, i) => within(inner, `${path}.${junctor}[${i}]`, { costs: undefined }));
  }
  for (const [name, inner] of Object.entries(schema.definitions ?? {})) within(inner, `${path}.definitions[${name}]`, { costs: undefined });
  // Only the items of keyed lists can be told from one another.
  const uncorrelatable = schema["x-kubernetes-list-type"] === "map" ? place.uncorrelatable : (place.uncorrelatable ?? path);
  within(itemsOf(schema), `${path}.items`, { uncorrelatable, cardinality });
  if (Array.isArray(items)) items.forEach((inner, i) => within(inner, `${path}.items[${i}]`, { uncorrelatable, cardinality }));
  for (const [name, inner] of Object.entries(schema.dependencies ?? {})) {
    if (!Array.isArray(inner)) within(inner, `${path}.dependencies[${name}]`, { costs: undefined });
  }
  found.schema.push(...extensionErrors(schema, path), ...ruleTextErrors(schema, path));
  if (found.schema.length === 0 && place.costs) found.rules.push(...ruleErrors(schema, path, place, place.costs));
  return found;
}

/** By how much a list or map multiplies what is in it. */
function childCardinality({ type, additionalProperties, maxProperties, maxItems }: JsonSchema, outer: number | undefined): number | undefined {
  let most: number | undefined = 1;
  if (type === "array") most = maxItems;
  else if (type === "object" && additionalProperties !== undefined) most = maxProperties;
  return outer === undefined || most === undefined ? undefined : outer * Math.max(0, most);
}

function plainErrors(schema: JsonSchema, path: string, { noDefaults, insideMetadata }: Place): FieldError[] {
  const { type = "", properties = {}, additionalProperties, items } = schema;
  const unsupported = (name: string, isSet: boolean): FieldError[] => (isSet ? [forbidden(`${path}.${name}`, `${name} is not supported`)] : []);
  return [
    ...(type !== "" && !TYPES.includes(type) ? [notSupported(`${path}.type`, type, TYPES)] : []),
    ...(schema.default != null && noDefaults !== undefined ? [forbidden(`${path}.default`, `must not be set ${noDefaults}`)] : []),
    ...unsupported("id", !!schema.id),
    ...unsupported("additionalItems", schema.additionalItems !== undefined),
    ...unsupported("patternProperties", Object.keys(schema.patternProperties ?? {}).length > 0),
    ...unsupported("definitions", Object.keys(schema.definitions ?? {}).length > 0),
    ...unsupported("dependencies", schema.dependencies !== undefined),
    ...unsupported("$ref", schema.$ref !== undefined),
    ...(type === "null" ? [forbidden(`${path}.type`, "type cannot be set to null, use nullable as an alternative")] : []),
    ...(Array.isArray(items) && items.length > 0 ? [forbidden(`${path}.items`, "items must be a schema object and not an array")] : []),
    ...(insideMetadata && schema["x-kubernetes-embedded-resource"] ? [forbidden(`${path}.x-kubernetes-embedded-resource`, "must not be used inside of resource meta")] : []),
    ...(schema.uniqueItems ? [forbidden(`${path}.uniqueItems`, "uniqueItems cannot be set to true since the runtime complexity becomes quadratic")] : []),
    ...(additionalProperties !== undefined && additionalProperties !== true && Object.keys(properties).length > 0
      ? [forbidden(`${path}.additionalProperties`, "additionalProperties and properties are mutual exclusive")]
      : []),
  ];
}

function extensionErrors(schema: JsonSchema, path: string): FieldError[] {
  const { type = "" } = schema;
  const mapType = schema["x-kubernetes-map-type"];
  const listType = schema["x-kubernetes-list-type"];
  const mustBe = (wanted: string, extension: string): FieldError[] => {
    const why = `must be ${wanted} if ${extension} is specified`;
    return type === wanted ? [] : [type === "" ? required(`${path}.type`, why) : invalid(`${path}.type`, type, why)];
  };
  return [
    ...(schema["x-kubernetes-preserve-unknown-fields"] === false ? [invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, "must be true or undefined")] : []),
    ...(mapType === undefined ? [] : mustBe("object", "x-kubernetes-map-type")),
    ...(mapType !== undefined && !["atomic", "granular"].includes(mapType) ? [notSupported(`${path}.x-kubernetes-map-type`, mapType, ["atomic", "granular"])] : []),
    ...(listType === undefined ? [] : mustBe("array", "x-kubernetes-list-type")),
    ...(listType === "set" && type === "array" ? setErrors(itemsOf(schema), path) : []),
    ...(listType !== undefined && !["atomic", "set", "map"].includes(listType) ? [notSupported(`${path}.x-kubernetes-list-type`, listType, ["atomic", "set", "map"])] : []),
    ...listMapErrors(schema, path),
    ...uniqueItemsErrors(schema, path),
  ];
}

/** The items of sets are compared as wholes. */
function setErrors(items: JsonSchema | undefined, path: string): FieldError[] {
  const listType = items?.["x-kubernetes-list-type"];
  const why = "must be atomic as item of a list with x-kubernetes-list-type=set";
  if (items?.type === "array" && listType !== undefined && listType !== "atomic") return [invalid(`${path}.items.x-kubernetes-list-type`, listType, why)];
  return items?.type === "object" && items["x-kubernetes-map-type"] !== "atomic" ? [invalid(`${path}.items.x-kubernetes-map-type`, listType, why)] : [];
}

function listMapErrors(schema: JsonSchema, path: string): FieldError[] {
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const errors: FieldError[] = [];
  if (keys.length > 0 && listType !== "map") {
    const why = "must be map if x-kubernetes-list-map-keys is non-empty";
    errors.push(listType === undefined ? required(`${path}.x-kubernetes-list-type`, why) : invalid(`${path}.x-kubernetes-list-type`, listType, why));
  }
  if (listType !== "map") return errors;
  if (keys.length === 0) errors.push(required(`${path}.x-kubernetes-list-map-keys`, "must not be empty if x-kubernetes-list-type is map"));
  if (schema.items === undefined) return [...errors, required(`${path}.items`, "must have a schema if x-kubernetes-list-type is map")];
  const items = itemsOf(schema);
  if (!items) return [...errors, invalid(`${path}.items`, schema.items, "must only have a single schema if x-kubernetes-list-type is map")];
  if (items.type !== "object") return [...errors, invalid(`${path}.items.type`, items.type ?? "", "must be object if parent array's x-kubernetes-list-type is map")];
  keys.forEach((key, i) => {
    const property = propertyOf(items, key);
    if (!property) errors.push(invalid(`${path}.x-kubernetes-list-map-keys`, keys, "entries must all be names of item properties"));
    else if (property.type === "array" || property.type === "object") {
      errors.push(invalid(`${path}.items.properties[${key}].type`, items.type, "must be a scalar type if parent array's x-kubernetes-list-type is map"));
    }
    if (keys.indexOf(key) < i) errors.push(invalid(`${path}.x-kubernetes-list-map-keys`, keys, "must not contain duplicate entries"));
  });
  return errors;
}

/** Items that must be unique, or that have keys, are there; so are the keys. */
function uniqueItemsErrors(schema: JsonSchema, path: string): FieldError[] {
  const listType = schema["x-kubernetes-list-type"];
  const items = itemsOf(schema);
  if (!items || (listType !== "set" && listType !== "map")) return [];
  const errors = items.nullable ? [forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`)] : [];
  for (const key of listType === "map" ? (schema["x-kubernetes-list-map-keys"] ?? []) : []) {
    const property = propertyOf(items, key);
    if (!property) continue;
    const here = `${path}.items.properties[${key}]`;
    if (!items.required?.includes(key) && property.default == null) {
      errors.push(required(`${here}.default`, "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"));
    }
    if (property.nullable) errors.push(forbidden(`${here}.nullable`, "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"));
  }
  return errors;
}

function ruleTextErrors(schema: JsonSchema, path: string): FieldError[] {
  return (schema["x-kubernetes-validations"] ?? []).flatMap((rule, i) => oneRuleTextErrors(rule, schema, `${path}.x-kubernetes-validations[${i}]`));
}

const hasLineBreaks = (text: string): boolean => /[\n\r]/.test(text);

function oneRuleTextErrors({ rule, message = "", messageExpression = "", reason, fieldPath = "" }: ValidationRule, schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (rule.trim() === "") errors.push(required(`${path}.rule`, "rule is not specified"));
  else if (message !== "" && message.trim() === "") errors.push(invalid(`${path}.message`, message, "must be non-empty if specified"));
  else if (hasLineBreaks(message.trim())) errors.push(invalid(`${path}.message`, message, "must not contain line breaks"));
  else if (hasLineBreaks(rule.trim()) && message === "") errors.push(required(`${path}.message`, "message must be specified if rule contains line breaks"));
  if (messageExpression !== "" && messageExpression.trim() === "") errors.push(required(`${path}.messageExpression`, "messageExpression must be non-empty if specified"));
  if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(`${path}.reason`, reason, REASONS));
  if (fieldPath === "") return errors;
  if (fieldPath.trim() === "") errors.push(invalid(`${path}.fieldPath`, fieldPath, "must be non-empty if specified"));
  if (hasLineBreaks(fieldPath)) errors.push(invalid(`${path}.fieldPath`, fieldPath, "must not contain line breaks"));
  if (!isFieldPath(fieldPath, schema)) errors.push(invalid(`${path}.fieldPath`, fieldPath, "must be a valid path"));
  return errors;
}

function isFieldPath(path: string, schema: JsonSchema): boolean {
  try {
    findField(path, schema);
    return true;
  } catch {
    return false;
  }
}

function ruleErrors(schema: JsonSchema, path: string, { isRoot, uncorrelatable, cardinality }: Place, costs: RuleCosts): FieldError[] {
  const rules = schema["x-kubernetes-validations"] ?? [];
  const compiled = compileRules(schema, isRoot || schema["x-kubernetes-embedded-resource"] === true);
  if (compiled.length < rules.length) {
    const why = "internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations";
    return [{ field: `${path}.x-kubernetes-validations`, type: "Invalid", message: `Internal error: ${why}` }];
  }
  return compiled.flatMap((result, i) => {
    const here = `${path}.x-kubernetes-validations[${i}]`;
    const rule = rules[i]!;
    const errors: FieldError[] = [];
    const cost = result.maxCost * (cardinality ?? result.maxCardinality);
    if (cost > ESTIMATED_COST_LIMIT) errors.push(forbidden(`${here}.rule`, excess("estimated rule cost", cost, ESTIMATED_COST_LIMIT)));
    costs.add(`${here}.rule`, cost);
    if (result.error !== undefined) errors.push(invalid(`${here}.rule`, asGoStruct(rule), result.error));
    if (result.messageError !== undefined) {
      errors.push(invalid(`${here}.messageExpression`, asGoStruct(rule), result.messageError));
    } else if (result.message) {
      if (result.messageMaxCost > ESTIMATED_COST_LIMIT) {
        errors.push(forbidden(`${here}.messageExpression`, excess("estimated messageExpression cost", result.messageMaxCost, ESTIMATED_COST_LIMIT)));
      }
      costs.add(`${here}.messageExpression`, result.messageMaxCost);
    }
    if (result.usesOldSelf) {
      if (uncorrelatable !== undefined) errors.push(invalid(`${here}.rule`, rule.rule, `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`));
    } else if (rule.optionalOldSelf !== undefined) {
      errors.push(invalid(`${here}.optionalOldSelf`, rule.optionalOldSelf, "may not be set if oldSelf is not used in rule"));
    }
    return errors;
  });
}

/** A rule as upstream's messages show it. */
function asGoStruct({ rule, message = "", messageExpression = "", reason, fieldPath = "", optionalOldSelf }: ValidationRule): object {
  return { Rule: rule, Message: message, MessageExpression: messageExpression, Reason: reason ?? null, FieldPath: fieldPath, OptionalOldSelf: optionalOldSelf ?? null };
}

function excess(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const text = factor > 100 ? "more than 100x" : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${text} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

/** How many of the rules that cost most are named. */
const NAMED = 4;

/** What all rules of a schema can cost together. */
export class RuleCosts {
  #total = 0;
  #expensive: { field: string; cost: number }[] = [];

  add(field: string, cost: number): void {
    this.#total += cost;
    if (cost < ESTIMATED_CRD_COST_LIMIT / 100) return;
    this.#expensive = [...this.#expensive, { field, cost }].sort((a, b) => b.cost - a.cost).slice(0, NAMED);
  }

  errors(path: string): FieldError[] {
    if (this.#total <= ESTIMATED_CRD_COST_LIMIT) return [];
    const why = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
    return [
      ...this.#expensive.map(({ field }) => forbidden(field, why)),
      forbidden(path, excess("x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema", this.#total, ESTIMATED_CRD_COST_LIMIT)),
    ];
  }
}

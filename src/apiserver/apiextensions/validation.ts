/**
 * Checks custom resources before they are stored.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/registry/customresource/strategy.go
 */
import { invalid } from "#api/definitions/field-errors.ts";
import { dns1123Subdomain, validateName } from "#api/definitions/names.ts";
import type { FieldError } from "#api/errors.ts";
import { Correlation } from "#api/structural-schema/correlation.ts";
import { isJsonObject, propertyOf, type JsonSchema } from "#api/structural-schema/json-schema.ts";
import { validateListTypes } from "#api/structural-schema/list-types.ts";
import { validateMetadata } from "#api/structural-schema/object-meta.ts";
import { RuleValidator, type RuleOptions } from "#api/structural-schema/rules.ts";
import { validateValue } from "#api/structural-schema/value-validator.ts";
import type { CustomResourceSubresources, KubeObject } from "#api/types.ts";

type Scale = CustomResourceSubresources["scale"];

const MAX_REPLICAS = 2 ** 31 - 1;

/** What makes it pointless to ask the rules: they would stumble over the same. */
const BLOCKING: ReadonlySet<FieldError["type"]> = new Set(["NotSupported", "Required", "TooLong", "TooMany", "TypeInvalid"]);

export class CustomResourceValidator {
  readonly #schema: JsonSchema;
  readonly #statusSchema: JsonSchema | undefined;
  readonly #scale: Scale;
  /** Compiled when first needed: a definition may have many rules, and no objects. */
  #rules: RuleValidator | undefined | "not compiled" = "not compiled";

  constructor(schema: JsonSchema, { withStatus, scale }: { withStatus: boolean; scale: Scale }) {
    this.#schema = schema;
    this.#statusSchema = withStatus ? propertyOf(schema, "status") : undefined;
    this.#scale = scale;
  }

  create(object: KubeObject): FieldError[] {
    const errors = [
      ...validateName(object.metadata.name, dns1123Subdomain),
      ...validateValue(object, this.#schema),
      ...this.#scaleErrors(object, true),
      ...validateMetadata(object, this.#schema),
      ...validateListTypes(object, this.#schema),
    ];
    return [...errors, ...this.#ruleErrors(errors, object, undefined, {})];
  }

  update(object: KubeObject, old: KubeObject, warn?: (text: string) => void): FieldError[] {
    const correlation = new Correlation(object, old, this.#schema);
    const errors = [
      ...validateValue(object, this.#schema, { correlation }),
      ...this.#scaleErrors(object, true),
      ...validateMetadata(object, this.#schema),
      ...this.#listTypeErrors(object, old),
    ];
    return [...errors, ...this.#ruleErrors(errors, object, old, { correlation, warn })];
  }

  statusUpdate(object: KubeObject, old: KubeObject, warn?: (text: string) => void): FieldError[] {
    const correlation = new Correlation(object, old, this.#schema);
    const { status } = object as { status?: unknown };
    const errors = [
      ...(status !== undefined && this.#statusSchema ? validateValue(status, this.#statusSchema, { path: "status", correlation: correlation.field("status") }) : []),
      ...this.#scaleErrors(object, false),
      ...this.#listTypeErrors(object, old),
    ];
    return [...errors, ...this.#ruleErrors(errors, object, old, { correlation, warn })];
  }

  /** Lists that had doubles before may have them still. */
  #listTypeErrors(object: KubeObject, old: KubeObject): FieldError[] {
    const errors = validateListTypes(object, this.#schema);
    return errors.length > 0 && validateListTypes(old, this.#schema).length > 0 ? [] : errors;
  }

  #ruleErrors(errors: FieldError[], object: KubeObject, old: KubeObject | undefined, options: RuleOptions): FieldError[] {
    if (this.#rules === "not compiled") this.#rules = RuleValidator.of(this.#schema, true);
    if (!this.#rules) return [];
    if (errors.some(({ type }) => BLOCKING.has(type))) {
      return [invalid("<nil>", null, "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation")];
    }
    return this.#rules.validate(object, old, options).errors;
  }

  #scaleErrors(object: KubeObject, withSpec: boolean): FieldError[] {
    if (!this.#scale) return [];
    const { specReplicasPath, statusReplicasPath, labelSelectorPath } = this.#scale;
    return [
      ...(withSpec ? replicasErrors(object, specReplicasPath) : []),
      ...replicasErrors(object, statusReplicasPath),
      ...(labelSelectorPath ? selectorErrors(object, labelSelectorPath) : []),
    ];
  }
}

function replicasErrors(object: KubeObject, path: string): FieldError[] {
  const { value, problem } = read(object, path, "int64");
  if (problem !== undefined) return [invalid(path, 0, problem)];
  const replicas = (value ?? 0) as number;
  if (replicas < 0) return [invalid(path, replicas, "should be a non-negative integer")];
  return replicas > MAX_REPLICAS ? [invalid(path, replicas, `should be less than or equal to ${MAX_REPLICAS}`)] : [];
}

function selectorErrors(object: KubeObject, path: string): FieldError[] {
  const { problem } = read(object, path, "string");
  return problem === undefined ? [] : [invalid(path, "", problem)];
}

/** The value at a path of names, or why there can be none. */
function read(object: KubeObject, path: string, wanted: "int64" | "string"): { value?: unknown; problem?: string } {
  const names = path.replace(/^\./, "").split(".");
  let value: unknown = object;
  for (const [i, name] of names.entries()) {
    if (!isJsonObject(value)) return { problem: mismatch(names.slice(0, i), value, "map[string]interface {}") };
    if (!Object.hasOwn(value, name)) return {};
    value = value[name];
  }
  return goType(value) === wanted ? { value } : { problem: mismatch(names, value, wanted) };
}

function mismatch(names: string[], value: unknown, wanted: string): string {
  return `.${names.join(".")} accessor error: ${typeof value === "string" ? value : JSON.stringify(value)} is of the type ${goType(value)}, expected ${wanted}`;
}

function goType(value: unknown): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  return typeof value === "boolean" ? "bool" : typeof value === "string" ? "string" : "map[string]interface {}";
}

/**
 * Validates a value by a schema, with the messages of kube-openapi.
 * @see https://github.com/kubernetes/kube-openapi/blob/master/pkg/validation/validate/schema.go
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/validation/validation.go
 */
import { isDeepStrictEqual } from "node:util";
import { invalid, invalidType, notSupported, required, tooLong, tooMany } from "../definitions/field-errors.ts";
import type { FieldError } from "../errors.ts";
import type { Correlation } from "./correlation.ts";
import { formatOf, hasFormat } from "./formats.ts";
import { childPath, isJsonObject, itemsOf, propertyOf, valuesOf, type JsonObject, type JsonSchema } from "./json-schema.ts";
import { compilePattern } from "./patterns.ts";

/** How much the validation of one object may do: visits of schemas, and steps of regular expressions. Hostile schemas end here. */
const MAX_VISITS = 1_000_000;
const MAX_PATTERN_STEPS = 50_000_000;

export interface ValidationOptions {
  /** Where the value is; what messages say of it is relative to it. */
  path?: string;
  /** The value with the one it replaces: what didn't change isn't complained about. */
  correlation?: Correlation | undefined;
}

export function validateValue(value: unknown, schema: JsonSchema, { path = "", correlation }: ValidationOptions = {}): FieldError[] {
  const validation = new Validation();
  try {
    const { errors } = validation.check(value, schema, "", correlation);
    return errors.map((error) => ({ ...error, field: (error.field === "" ? path : childPath(path, error.field)) || ROOT }));
  } catch (error) {
    if (error instanceof TooExpensiveError) return [invalid(path || ROOT, "", error.message)];
    throw error;
  }
}

/** The path of an error of the root, as Go prints it. */
const ROOT = "<nil>";

class TooExpensiveError extends Error {}

interface Result {
  /** Their fields are relative to the validated value, and empty for the value itself. */
  errors: FieldError[];
  /** How many checks there were: of several alternatives the one with the most is complained about. */
  matchCount: number;
}

class Validation {
  #visits = 0;
  #patternSteps = 0;

  check(value: unknown, schema: JsonSchema, path: string, correlation?: Correlation): Result {
    this.#visits += 1 + ((schema.enum?.length ?? 0) + (schema.required?.length ?? 0)) / 4;
    if (this.#visits > MAX_VISITS) throw new TooExpensiveError("the object takes too long to validate: its schema is too large for its size");
    const result = new Collected();
    if (value === null) {
      result.merge(checkType(value, schema, path));
      result.merge(checkEnum(value, schema, path));
    } else {
      if (typesOf(schema).length > 0 || recognizedFormat(schema) !== "") result.mergeCheck(checkType(value, schema, path));
      result.mergeCheck(this.#checkJunctors(value, schema, path, correlation));
      if (typeof value === "string") {
        result.mergeCheck(this.#checkString(value, schema, path));
        const format = recognizedFormat(schema);
        if (hasFormat(format)) result.mergeCheck(checkFormat(value, schema, path));
      }
      if (typeof value === "number") result.mergeCheck(checkNumber(value, schema, path));
      if (Array.isArray(value)) result.mergeCheck(this.#checkList(value, schema, path, correlation));
      result.mergeCheck(checkEnum(value, schema, path));
      if (isJsonObject(value)) result.mergeCheck(this.#checkObject(value, schema, path, correlation));
      result.matchCount++;
    }
    return result.errors.length > 0 && correlation?.unchanged ? { errors: [], matchCount: result.matchCount } : result;
  }

  #checkObject(object: JsonObject, schema: JsonSchema, path: string, correlation: Correlation | undefined): Result {
    const result = new Collected();
    const count = Object.keys(object).length;
    const { minProperties, maxProperties, required: names = [] } = schema;
    if (minProperties !== undefined && count < minProperties) result.add(invalidValue(path, count, `${path} in body should have at least ${minProperties} properties`));
    if (maxProperties !== undefined && count > maxProperties) result.add(tooMany(relative(path), count, maxProperties));
    const values = valuesOf(schema);
    const correlated = (name: string): Correlation | undefined =>
      // Changes of apiVersion can't be seen: both objects have been converted to the same version.
      path === "" && (name === "apiVersion" || name === "kind") ? undefined : correlation?.field(name);
    for (const [name, value] of Object.entries(object)) {
      const property = propertyOf(schema, name);
      if (property) result.merge(this.check(value, property, childPath(path, name), correlated(name)));
      else if (values) result.merge(this.check(value, values, `${path}.${name}`, correlated(name)));
      else if (schema.additionalProperties === false) result.add(invalidValue(path, name, `${path}.${name} in body is a forbidden property`));
    }
    for (const name of names) {
      if (!Object.hasOwn(object, name)) result.add(required(relative(`${path}.${name}`)));
    }
    return result;
  }

  #checkList(list: unknown[], schema: JsonSchema, path: string, correlation: Correlation | undefined): Result {
    const result = new Collected();
    const items = itemsOf(schema);
    const { minItems, maxItems } = schema;
    if (items) list.forEach((item, i) => result.merge(this.check(item, items, `${path}[${i}]`, correlation?.item(i))));
    if (minItems !== undefined && list.length < minItems) result.add(invalidValue(path, list.length, `${path} in body should have at least ${minItems} items`));
    if (maxItems !== undefined && list.length > maxItems) result.add(tooMany(relative(path), list.length, maxItems));
    result.matchCount++;
    return result;
  }

  #checkString(text: string, schema: JsonSchema, path: string): Result {
    const { minLength, maxLength, pattern } = schema;
    if (maxLength !== undefined || minLength !== undefined) {
      const length = characters(text);
      if (maxLength !== undefined && length > maxLength) return failure(tooLong(relative(path), maxLength));
      if (minLength !== undefined && length < minLength) return failure(invalidValue(path, text, `${path} in body should be at least ${minLength} chars long`));
    }
    if (pattern && !this.#matches(text, pattern)) return failure(invalidValue(path, text, `${path} in body should match '${pattern}'`));
    return NOTHING;
  }

  #matches(text: string, pattern: string): boolean {
    const compiled = compilePattern(pattern);
    this.#patternSteps += compiled.programSize * (text.length + 1);
    if (this.#patternSteps > MAX_PATTERN_STEPS) throw new TooExpensiveError("the object takes too long to validate: its texts are too long for their patterns");
    return compiled.test(text);
  }

  #checkJunctors(value: unknown, schema: JsonSchema, path: string, correlation: Correlation | undefined): Result {
    const { anyOf = [], oneOf = [], allOf = [], not } = schema;
    const result = new Collected();
    if (anyOf.length > 0) {
      let worst: Result | undefined;
      let success: Result | undefined;
      for (const alternative of anyOf) {
        const checked = this.check(value, alternative, path, correlation);
        if (checked.errors.length === 0) {
          success = checked;
          break;
        }
        if (!worst || checked.matchCount > worst.matchCount) worst = checked;
      }
      if (!success) result.add(plain(`${JSON.stringify(path)} must validate at least one schema (anyOf)`));
      result.merge(success ?? worst!);
    }
    if (oneOf.length > 0) {
      const checked = oneOf.map((alternative) => this.check(value, alternative, path, correlation));
      const valid = checked.filter(({ errors }) => errors.length === 0);
      if (valid.length === 1) result.merge(valid[0]!);
      else {
        const found = valid.length === 0 ? "Found none valid" : `Found ${valid.length} valid alternatives`;
        result.add(plain(`${JSON.stringify(path)} must validate one and only one schema (oneOf). ${found}`));
        if (valid.length === 0) result.merge(checked.reduce((best, next) => (next.matchCount > best.matchCount ? next : best)));
      }
    }
    if (allOf.length > 0) {
      const checked = allOf.map((part) => this.check(value, part, path, correlation));
      for (const part of checked) result.merge(part);
      const valid = checked.filter(({ errors }) => errors.length === 0).length;
      if (valid < allOf.length) result.add(plain(`${JSON.stringify(path)} must validate all the schemas (allOf)${valid === 0 ? ". None validated" : ""}`));
    }
    if (not && this.check(value, not, path, correlation).errors.length === 0) result.add(plain(`${JSON.stringify(path)} must not validate the schema (not)`));
    result.matchCount++;
    return result;
  }
}

/** Errors as they come together: the same message is kept once. */
class Collected implements Result {
  readonly errors: FieldError[] = [];
  readonly #texts = new Set<string>();
  matchCount = 0;

  add(error: FieldError): void {
    const { field, message } = error;
    const text = `${field}: ${message}`;
    if (this.#texts.has(text)) return;
    this.#texts.add(text);
    this.errors.push(error);
  }

  merge({ errors, matchCount }: Result): void {
    for (const error of errors) this.add(error);
    this.matchCount += matchCount;
  }

  /** Counts the check itself, too. */
  mergeCheck(result: Result): void {
    this.merge(result);
    this.matchCount++;
  }
}

const NOTHING: Result = { errors: [], matchCount: 0 };
const PASSED: Result = { errors: [], matchCount: 1 };

function failure(...errors: FieldError[]): Result {
  return { errors, matchCount: 0 };
}

/** Messages name required fields of the root with a dot before them. */
function relative(path: string): string {
  return path.startsWith(".") ? path.slice(1) : path;
}

function invalidValue(path: string, value: unknown, detail: string): FieldError {
  return invalid(relative(path), value, detail);
}

/** What junctors complain of has no place of its own. */
function plain(detail: string): FieldError {
  return invalid("", "", detail);
}

function typesOf(schema: JsonSchema): string[] {
  return schema["x-kubernetes-int-or-string"] ? ["integer", "string"] : schema.type ? [schema.type] : [];
}

/** The format, if it is one that this server checks; empty otherwise. */
function recognizedFormat(schema: JsonSchema): string {
  return formatOf(schema.type ?? "", schema.format ?? "");
}

function checkType(value: unknown, schema: JsonSchema, path: string): Result {
  const types = typesOf(schema);
  const format = recognizedFormat(schema);
  const wanted = types.join(",");
  if (value === null) return types.length > 0 && !schema.nullable ? failure(wrongType(path, wanted, "null")) : PASSED;
  const [type, typeFormat] = typeOf(value);
  const matches = types.includes(type) || (type === "integer" && types.includes("number"));
  const isTextual = typeof value === "string" || Array.isArray(value);
  if (format !== "" && !isTextual && !matches && typeFormat !== format) return failure(wrongType(path, format, typeFormat));
  // As upstream: texts and lists are left to the format.
  if (format !== "" && isTextual && !types.includes("number") && !types.includes("integer")) return PASSED;
  return matches ? PASSED : failure(wrongType(path, wanted, type));
}

function wrongType(path: string, wanted: string, found: string): FieldError {
  return invalidType(relative(path), found, `${path} in body must be of type ${wanted}: ${JSON.stringify(found)}`);
}

/** A JSON value's type, and the format of its Go type. */
function typeOf(value: unknown): [type: string, format: string] {
  if (Array.isArray(value)) return ["array", ""];
  if (typeof value === "number") return Number.isInteger(value) ? ["integer", "int64"] : ["number", "float64"];
  return [typeof value, ""];
}

function checkEnum(value: unknown, { enum: values }: JsonSchema, path: string): Result {
  if (!values?.length || values.some((allowed) => allowed === value || (typeof value === "object" && isDeepStrictEqual(allowed, value)))) return NOTHING;
  const texts = values.map((allowed) => (typeof allowed === "string" ? allowed : JSON.stringify(allowed)));
  return failure(notSupported(relative(path), value, texts));
}

function checkFormat(text: string, schema: JsonSchema, path: string): Result {
  const name = recognizedFormat(schema);
  const isValid = hasFormat(name)!(text);
  return isValid ? NOTHING : failure(invalidType(relative(path), text, `${path} in body must be of type ${name}: ${JSON.stringify(text)}`));
}

const INT32 = 2 ** 31;

function checkNumber(value: number, schema: JsonSchema, path: string): Result {
  const result = new Collected();
  const { type, format, multipleOf, maximum, minimum, exclusiveMaximum = false, exclusiveMinimum = false } = schema;
  const outOfRange = format === "int32" ? value < -INT32 || value >= INT32 : value < -(2 ** 63) || value >= 2 ** 63;
  if (type === "integer" && !schema["x-kubernetes-int-or-string"] && outOfRange) {
    const kind = format === "int32" || format === "int64" ? `integer with format ${format}` : "integer (default format)";
    result.add(plain(`Checked value must be of type ${kind} in ${path}`));
  }
  if (type === "number" && format === "float" && Math.abs(value) > 3.4028234663852886e38) {
    result.add(plain(`Checked value must be of type number with format float in ${path}`));
  }
  // As upstream: whole numbers are compared with whole bounds.
  const bound = Number.isInteger(value) ? Math.trunc : Number;
  if (multipleOf !== undefined) {
    const factor = bound(multipleOf);
    if (factor <= 0) result.add(invalidValue(path, multipleOf, `factor MultipleOf declared for ${path} must be positive: ${factor}`));
    else if (!isMultiple(value, factor)) result.add(invalidValue(path, value, `${path} in body should be a multiple of ${factor}`));
  }
  if (minimum !== undefined && (exclusiveMinimum ? value <= bound(minimum) : value < bound(minimum))) {
    result.add(invalidValue(path, value, `${path} in body should be greater than ${exclusiveMinimum ? "" : "or equal to "}${bound(minimum)}`));
  }
  if (maximum !== undefined && (exclusiveMaximum ? value >= bound(maximum) : value > bound(maximum))) {
    result.add(invalidValue(path, value, `${path} in body should be less than ${exclusiveMaximum ? "" : "or equal to "}${bound(maximum)}`));
  }
  result.matchCount++;
  return result;
}

function isMultiple(value: number, factor: number): boolean {
  const quotient = factor < 1 ? (1 / factor) * value : value / factor;
  return Math.abs(quotient - Math.round(quotient)) < 1e-9;
}

function characters(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xd800) count--;
  return count;
}

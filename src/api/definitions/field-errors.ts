/**
 * Validation errors in Kubernetes' words.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/field/errors.go
 */
import { isDeepStrictEqual } from "node:util";
import type { FieldError } from "../errors.ts";

function build(field: string, type: FieldError["type"], text: string, detail: string): FieldError {
  return { field, type, message: detail === "" ? text : `${text}: ${detail}` };
}

/** A value as messages show it: text in quotes, everything else as JSON. */
function shown(value: unknown): string {
  return JSON.stringify(value) ?? "null";
}

export const required = (field: string, detail = ""): FieldError => build(field, "Required", "Required value", detail);

export const invalid = (field: string, value: unknown, detail: string): FieldError => build(field, "Invalid", `Invalid value: ${shown(value)}`, detail);

/** The value has another type than its field; `detail` says so. */
export const invalidType = (field: string, value: unknown, detail: string): FieldError => build(field, "TypeInvalid", `Invalid value: ${shown(value)}`, detail);

/** The value itself says nothing: a combination is wrong. */
export const invalidTogether = (field: string, detail: string): FieldError => build(field, "Invalid", "Invalid value", detail);

/** `values` in the order upstream lists them. */
export const notSupported = (field: string, value: unknown, values: readonly string[]): FieldError =>
  build(field, "NotSupported", `Unsupported value: ${shown(value)}`, `supported values: ${values.map(shown).join(", ")}`);

export const duplicate = (field: string, value: unknown, detail = ""): FieldError => build(field, "Duplicate", `Duplicate value: ${shown(value)}`, detail);

export const forbidden = (field: string, detail: string): FieldError => build(field, "Forbidden", "Forbidden", detail);

export const notFound = (field: string, value: unknown, detail = ""): FieldError => build(field, "NotFound", `Not found: ${shown(value)}`, detail);

export const tooLong = (field: string, maxBytes: number): FieldError => build(field, "TooLong", "Too long", `may not be more than ${maxBytes} ${maxBytes === 1 ? "byte" : "bytes"}`);

export const tooMany = (field: string, count: number, most: number): FieldError => build(field, "TooMany", `Too many: ${count}`, `must have at most ${most} ${most === 1 ? "item" : "items"}`);

/** One error per problem that a check of `names.ts` finds. */
export function invalidFor(field: string, value: unknown, problems: string[]): FieldError[] {
  return problems.map((problem) => invalid(field, value, problem));
}

export function validateNonnegative(field: string, value: number | undefined): FieldError[] {
  return value !== undefined && value < 0 ? [invalid(field, value, "must be greater than or equal to 0")] : [];
}

/** An unset field is left to defaults and {@link required}. */
export function validateOneOf(field: string, value: string | undefined, values: readonly string[]): FieldError[] {
  return value === undefined || values.includes(value) ? [] : [notSupported(field, value, values)];
}

/** Absent and empty count as the same. */
export function validateImmutable(field: string, value: unknown, old: unknown): FieldError[] {
  return isDeepStrictEqual(value ?? null, old ?? null) ? [] : [invalid(field, value, "field is immutable")];
}

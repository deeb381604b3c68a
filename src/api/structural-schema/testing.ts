/** What tests of schemas share. */
import type { FieldError } from "../errors.ts";
import { asResource, type JsonSchema } from "./json-schema.ts";

/** Errors as messages show them. */
export function texts(errors: FieldError[]): string[] {
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

/** The schema of a resource with this spec. */
export function resource(spec: Record<string, JsonSchema>, more: JsonSchema = {}): JsonSchema {
  return asResource({ type: "object", properties: { spec: { type: "object", properties: spec, ...more } } });
}

/**
 * Reads the metadata of embedded resources as it is done for every object's own.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/schema/objectmeta/algorithm.go
 */
import { invalid } from "../definitions/field-errors.ts";
import type { FieldError } from "../errors.ts";
import { decodePart } from "../openapi/decode.ts";
import { childPath, isJsonObject, type JsonSchema } from "./json-schema.ts";
import { visitResources } from "./object-meta.ts";

export const OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/** What came of {@link coerceMetadata}. */
export interface Coerced {
  /** The paths of fields that metadata doesn't have; they have been removed. */
  unknown: string[];
  /** The first value of another type than its field. */
  mismatch: FieldError | undefined;
}

/** Brings the metadata into its form: unknown fields and nulls go. */
export function coerceMetadata(value: unknown, schema: JsonSchema | undefined, path = ""): Coerced {
  const coerced: Coerced = { unknown: [], mismatch: undefined };
  visitResources(value, schema, path, (resource, here) => {
    for (const name of ["apiVersion", "kind"]) {
      const field = resource[name];
      if (field !== undefined && typeof field !== "string") coerced.mismatch ??= invalid(childPath(here, name), field, "must be a string");
    }
    const { metadata } = resource;
    if (metadata === undefined) return;
    const field = childPath(here, "metadata");
    if (!isJsonObject(metadata)) {
      coerced.mismatch ??= invalid(field, metadata, "must be an object");
      return;
    }
    const decoded = decodePart(OBJECT_META, metadata, field);
    coerced.unknown.push(...decoded.unknown);
    if (decoded.mismatch !== undefined) coerced.mismatch ??= invalid(field, metadata, decoded.mismatch);
  });
  return coerced;
}

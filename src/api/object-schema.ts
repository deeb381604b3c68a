/**
 * What the machinery needs to know of a kind's fields: how to decode an object, how to patch it, how
 * server-side apply merges it. Built-in kinds have it from the generated models (`openapi/`), custom
 * resources from their definition.
 */
import { fieldsOfModel, type FieldSchema } from "./field-schema.ts";
import { prune } from "./openapi/decode.ts";
import { patchMeta, type PatchMeta } from "./openapi/schema.ts";
import { zeroOf } from "./openapi/zero.ts";
import type { ResourceDefinition } from "./scheme.ts";

export type { PatchMeta };

export interface ObjectSchema {
  /**
   * Removes from `object` what the schema doesn't know and returns the paths of what was removed
   * (`spec.containers[0].imagee`). Throws a BadRequest when a value has another type than its field.
   */
  prune(object: object): string[];
  /**
   * How strategic merge treats the field at `path` (names only; list indices left out); undefined where
   * the kind has no strategic merge patch.
   */
  patchMeta?: ((path: readonly string[]) => PatchMeta) | undefined;
  /** How server-side apply merges the object, and who owns what of it. */
  fields(): FieldSchema;
  /** What an object of the kind holds before anyone writes to it, a new one each time; undefined where that is nothing, as with custom resources. */
  zero?: (() => object) | undefined;
  /** The schema as the OpenAPI documents have it, in Swagger 2 or OpenAPI 3; built-in kinds have theirs by their model. */
  openApi?: ((dialect: 2 | 3) => Record<string, unknown>) | undefined;
}

/** The schema of a definition: its own, or the built-in model's. */
export function schemaOf({ schema, model }: Pick<ResourceDefinition, "schema" | "model">): ObjectSchema {
  return schema ?? { prune: (object) => prune(model, object), patchMeta: (path) => patchMeta(model, path), fields: () => fieldsOfModel(model), zero: () => zeroOf(model) };
}

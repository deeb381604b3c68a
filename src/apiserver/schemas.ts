/**
 * What the server needs to know of a kind's schema. The built-in kinds' schemas are in `#api/openapi`;
 * custom resources will bring their own.
 */
import { prune } from "#api/openapi/decode.ts";
import { patchMeta, type PatchMeta } from "#api/openapi/schema.ts";

export type { PatchMeta };

export interface Schemas {
  /**
   * Removes from `object` what the model doesn't know and returns the paths of what was removed
   * (`spec.containers[0].imagee`). Throws a BadRequest when a value has another type than its field.
   */
  prune(model: string, object: object): string[];
  /** How strategic merge treats the field at `path` (names only; list indices left out). */
  patchMeta(model: string, path: readonly string[]): PatchMeta;
}

export const builtInSchemas: Schemas = { prune, patchMeta };

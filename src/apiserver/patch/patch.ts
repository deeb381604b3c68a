/** Patches by content type. */
import { badRequest, unsupportedMediaType } from "#api/errors.ts";
import { applyJsonPatch } from "./json-patch.ts";
import { applyMergePatch, isMap } from "./merge-patch.ts";
import { applyStrategicMergePatch, type MetaOf } from "./strategic-merge-patch.ts";

export const JSON_PATCH = "application/json-patch+json";
export const STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json";
/** Server-side apply; it is no patch of its own, but a field manager's business. */
export const APPLY_PATCH = "application/apply-patch+yaml";
export const PATCH_TYPES = [JSON_PATCH, "application/merge-patch+json", STRATEGIC_MERGE_PATCH];

/**
 * Applies a patch of the given content type to a copy of `document`; `metaOf` is undefined where the kind
 * has no strategic merge patch. Throws UnsupportedMediaType, BadRequest, Invalid.
 */
export function applyPatch(contentType: string, document: unknown, patch: unknown, metaOf: MetaOf | undefined): unknown {
  switch (contentType) {
    case JSON_PATCH:
      return applyJsonPatch(document, patch);
    case "application/merge-patch+json":
      if (!isMap(patch)) throw badRequest("Invalid JSON Patch");
      return applyMergePatch(document, patch);
    case STRATEGIC_MERGE_PATCH:
      if (metaOf) return applyStrategicMergePatch(document, patch, metaOf);
  }
  throw unsupportedMediaType(PATCH_TYPES);
}

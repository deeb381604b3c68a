/** Patches by content type. */
import { badRequest, StatusError } from "#api/errors.ts";
import { applyJsonPatch } from "./json-patch.ts";
import { applyMergePatch, isMap } from "./merge-patch.ts";
import { applyStrategicMergePatch, type MetaOf } from "./strategic-merge-patch.ts";

export const PATCH_TYPES = ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"];

/** Applies a patch of the given content type to a copy of `document`. Throws UnsupportedMediaType, BadRequest, Invalid. */
export function applyPatch(contentType: string, document: unknown, patch: unknown, metaOf: MetaOf): unknown {
  switch (contentType) {
    case "application/json-patch+json":
      return applyJsonPatch(document, patch);
    case "application/merge-patch+json":
      if (!isMap(patch)) throw badRequest("error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}");
      return applyMergePatch(document, patch);
    case "application/strategic-merge-patch+json":
      return applyStrategicMergePatch(document, patch, metaOf);
    default:
      throw new StatusError(
        415,
        "UnsupportedMediaType",
        `the body of the request was in an unknown format - accepted media types include: ${PATCH_TYPES.join(", ")}`,
      );
  }
}

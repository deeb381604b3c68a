/**
 * Patches as requests bring them: read, applied, and the result brought into the form of its kind.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/handlers/patch.go
 */
import { goText } from "#lib/go-text.ts";
import { badRequest, invalid, StatusError, unsupportedMediaType } from "#api/errors.ts";
import { schemaOf } from "#api/object-schema.ts";
import { bodyAsText, checkDepth, checkObject, mediaType, type Checks } from "../decode.ts";
import { duplicateFields } from "../duplicate-fields.ts";
import type { Stored } from "../registry/registry.ts";
import type { Call } from "../resource-handlers.ts";
import { APPLY_PATCH, applyPatch, JSON_PATCH, PATCH_TYPES, STRATEGIC_MERGE_PATCH } from "./patch.ts";
import { isMap } from "./merge-patch.ts";

/**
 * The patch of a request's body, ready to be applied to an object of `checks.definition`. Throws
 * UnsupportedMediaType and BadRequest, and when it is applied, Invalid.
 */
export function readPatch({ http, registry }: Call, checks: Checks): (current: object) => Stored {
  const contentType = mediaType(http);
  const { patchMeta } = schemaOf(checks.definition);
  // Strategic merge needs merge keys, which custom resources don't have.
  const isStrategic = schemaOf(registry.definition).patchMeta !== undefined;
  const types = [...PATCH_TYPES.filter((type) => isStrategic || type !== STRATEGIC_MERGE_PATCH), APPLY_PATCH];
  if (!types.includes(contentType)) throw unsupportedMediaType(types);
  const text = bodyAsText(http);
  checkDepth(text);
  let patch: unknown;
  try {
    patch = JSON.parse(text);
  } catch {
    throw badRequest("invalid JSON patch");
  }
  const strictErrors = checks.validation === "Ignore" ? [] : strictErrorsOf(contentType, text, patch);
  return (current) => {
    const patched = applyPatch(contentType, current, patch, patchMeta);
    return decodePatched(patched, contentType === STRATEGIC_MERGE_PATCH ? patch : undefined, strictErrors, checks);
  };
}

function strictErrorsOf(contentType: string, text: string, patch: unknown): string[] {
  const duplicates = duplicateFields(text, patch).map((field) => `duplicate field "${field}"`);
  if (contentType !== JSON_PATCH) return duplicates;
  const known = ["op", "path", "from", "value"];
  const unknown = (Array.isArray(patch) ? patch : []).flatMap((operation, i) =>
    isMap(operation) ? Object.keys(operation).flatMap((field) => (known.includes(field) ? [] : [`unknown field "[${i}].${field}"`])) : [],
  );
  return [...duplicates, ...unknown].map((problem) => `json patch ${problem}`);
}

/** `strategic` is the patch where it is a strategic one: then it is shown, and not its result. */
function decodePatched(patched: unknown, strategic: unknown, strictErrors: string[], checks: Checks): Stored {
  const shown = strategic === undefined ? JSON.stringify(patched) : goText(strategic);
  const refuse = (why: string): StatusError => invalid({ resource: "" }, [{ field: "patch", type: "Invalid", message: `Invalid value: ${JSON.stringify(shown)}: ${why}` }]);
  const problems: string[] = [];
  let object: Stored;
  try {
    object = checkObject(patched, strictErrors, { ...checks, validation: "Warn", warn: (problem) => problems.push(problem) });
  } catch (error) {
    if (!(error instanceof StatusError) || error.code !== 400) throw error;
    const why = error.message.replace(/^\S+ in version "\S+" cannot be handled as a \S+: /, "");
    throw refuse(strategic === undefined ? why : conversionError(why));
  }
  if (problems.length > 0 && checks.validation === "Strict") throw refuse(`strict decoding error: ${problems.join(", ")}`);
  if (checks.validation === "Warn") problems.forEach(checks.warn);
  return object;
}

/** A decoder's error in the words in which maps are made objects of: `unrecognized type: int32`. */
function conversionError(text: string): string {
  const mismatch = /^json: cannot unmarshal (\w+)(?: \S+)? into Go struct field \S+ of type (\S+)$/.exec(text);
  if (!mismatch) return text;
  const [, from = "", to = ""] = mismatch;
  const kind = { array: "slice", object: "map", number: "int64" }[from] ?? from;
  if (to.startsWith("[]")) return `cannot restore slice from ${kind}`;
  if (to.startsWith("map[")) return `cannot restore map from ${kind}`;
  if (/^u?int\d*$|^float\d+$|^bool$/.test(to)) return `unrecognized type: ${to}`;
  if (to === "string" || kind === "int64") return kind === "int64" ? `cannot convert int64 to ${to}` : `unrecognized type: string`;
  return `cannot restore struct from: ${kind}`;
}

/**
 * The options of a write, from its query.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/v1/validation/validation.go
 */
import { invalid, type FieldError } from "#api/errors.ts";
import type { HttpRequest } from "#lib/http.ts";
import { isTrue, type ResourceRequest } from "./request-info.ts";

export interface WriteOptions {
  dryRun: boolean;
  /** Who owns what is written; empty when neither the query nor the user agent says. */
  fieldManager: string;
  /** Of an apply: take the fields that others own. */
  force: boolean;
  /** As the client sent them, for admission webhooks: what it left out is left out. */
  sent: object;
}

/** In bytes. */
const MAX_MANAGER = 128;
const VALIDATIONS = ["", "Ignore", "Warn", "Strict"];
const PRINTABLE = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

const KINDS: Partial<Record<string, string>> = { create: "CreateOptions", update: "UpdateOptions", patch: "PatchOptions" };

export interface WriteQuery {
  http: HttpRequest;
  target: Pick<ResourceRequest, "verb">;
  query: URLSearchParams;
}

/** Throws Invalid. `isApply` is for a patch that applies. */
export function writeOptionsOf({ http, target, query }: WriteQuery, isApply = false): WriteOptions {
  const kind = KINDS[target.verb] ?? "DeleteOptions";
  const errors: FieldError[] = [];
  const manager = query.get("fieldManager") ?? "";
  if (isApply && manager === "") errors.push({ field: "fieldManager", type: "Required", message: "Required value: is required for apply patch" });
  if (kind === "PatchOptions" && !isApply && query.has("force")) {
    errors.push({ field: "force", type: "Forbidden", message: "Forbidden: may not be specified for non-apply patch" });
  }
  errors.push(...managerErrors(manager, "fieldManager"));
  const dryRun = query.getAll("dryRun");
  const unknown = dryRun.find((value) => value !== "All" && value !== "");
  if (unknown !== undefined) {
    errors.push({ field: "dryRun", type: "NotSupported", message: `Unsupported value: []string{${JSON.stringify(unknown)}}: supported values: "All"` });
  }
  const validation = query.get("fieldValidation") ?? "";
  if (!VALIDATIONS.includes(validation)) {
    errors.push({
      field: "fieldValidation",
      type: "NotSupported",
      message: `Unsupported value: ${JSON.stringify(validation)}: supported values: "", "Ignore", "Strict", "Warn"`,
    });
  }
  if (errors.length > 0) throw invalid({ group: "meta.k8s.io", resource: kind }, errors);
  const sent = {
    ...(dryRun.includes("All") ? { dryRun: ["All"] } : {}),
    ...(query.has("force") ? { force: isTrue(query.get("force")) } : {}),
    ...(manager ? { fieldManager: manager } : {}),
    ...(validation ? { fieldValidation: validation } : {}),
  };
  return { dryRun: dryRun.includes("All"), fieldManager: manager || managerFromUserAgent(http.headers["user-agent"] ?? ""), force: isTrue(query.get("force")), sent };
}

function managerErrors(manager: string, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (Buffer.byteLength(manager) > MAX_MANAGER) errors.push({ field, type: "TooLong", message: `Too long: may not be more than ${MAX_MANAGER} bytes` });
  let position = 0;
  for (const character of manager) {
    if (!PRINTABLE.test(character)) {
      const point = `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
      errors.push({ field, type: "Invalid", message: `Invalid value: ${JSON.stringify(manager)}: invalid character ${point} (at position ${position})` });
    }
    position += Buffer.byteLength(character);
  }
  return errors;
}

/** `kubectl/v1.32.0 (linux/amd64)` is the manager `kubectl`. */
function managerFromUserAgent(userAgent: string): string {
  let manager = "";
  for (const character of userAgent.split("/", 1)[0]!) {
    if (!PRINTABLE.test(character)) continue;
    if (Buffer.byteLength(manager) + Buffer.byteLength(character) > MAX_MANAGER) break;
    manager += character;
  }
  return manager;
}

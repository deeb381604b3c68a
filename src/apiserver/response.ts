/** Responses as the API makes them. */
import { errorMessage } from "#lib/log.ts";
import type { HttpResponse } from "#lib/http.ts";
import { StatusError } from "#api/errors.ts";

export function json(status: number, value: unknown): HttpResponse {
  return jsonText(status, typeof value === "string" ? value : JSON.stringify(value));
}

/** A response whose body is JSON already. */
export function jsonText(status: number, body: HttpResponse["body"]): HttpResponse {
  return { status, headers: { "content-type": "application/json", "cache-control": "no-cache, private" }, body };
}

export function text(status: number, body: string): HttpResponse {
  return { status, headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" }, body };
}

/** The Status for anything thrown; what is no StatusError is a fault of ours and says so. */
export function statusOf(error: unknown): StatusError["status"] {
  if (error instanceof StatusError) return error.status;
  return new StatusError(500, "InternalError", `Internal error occurred: ${errorMessage(error)}`, {
    causes: [{ message: errorMessage(error) }],
  }).status;
}

export function errorResponse(error: unknown): HttpResponse {
  const status = statusOf(error);
  const response = json(status.code, status);
  if (status.details?.retryAfterSeconds) response.headers["retry-after"] = String(status.details.retryAfterSeconds);
  return response;
}

/** How much text warnings may have together; beyond it each is cut short, as clients refuse headers without end. */
const MAX_WARNINGS_CHARACTERS = 4096;
const MAX_WARNING_CHARACTERS = 256;

/**
 * Puts warnings for the client into a response, once each: `Warning: 299 - "..."`.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/filters/warning.go
 */
export function withWarnings(response: HttpResponse, warnings: readonly string[]): HttpResponse {
  if (warnings.length > 0) {
    response.headers["warning"] = withinLimits([...new Set(warnings)]).map((text) => `299 - "${escape(text)}"`).join(", ");
  }
  return response;
}

/** All of them, if they aren't long; else their beginnings, until there is enough. */
function withinLimits(warnings: readonly string[]): readonly string[] {
  let length = 0;
  if (warnings.every((text) => (length += text.length) <= MAX_WARNINGS_CHARACTERS)) return warnings;
  const written: string[] = [];
  length = 0;
  for (const text of warnings) {
    if (length >= MAX_WARNINGS_CHARACTERS) break;
    const cut = text.slice(0, MAX_WARNING_CHARACTERS).toWellFormed();
    length += cut.length;
    written.push(cut);
  }
  return written;
}

function escape(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ").replace(/["\\]/g, "\\$&");
}

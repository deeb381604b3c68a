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

/** Puts warnings for the client into a response, once each: `Warning: 299 - "..."`. */
export function withWarnings(response: HttpResponse, warnings: readonly string[]): HttpResponse {
  if (warnings.length > 0) {
    response.headers["warning"] = [...new Set(warnings)].map((text) => `299 - "${escape(text)}"`).join(", ");
  }
  return response;
}

function escape(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ").replace(/["\\]/g, "\\$&");
}

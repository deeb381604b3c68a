import { isDatabaseUnavailable } from "./database-errors.ts";

/** Why a request was not served, in the shape every service answers with. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** Stable, for programs: `out_of_stock`. */
  readonly code: string;
  /** The part of the input that was wrong. */
  readonly field: string | undefined;
  /** Seconds until another try makes sense (Retry-After). */
  readonly retryAfterS: number | undefined;
  /** Facts a caller needs beside the message. */
  readonly details: Record<string, unknown> | undefined;

  constructor(status: number, code: string, message: string, more: { field?: string; retryAfterS?: number; details?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.status = status;
    this.code = code;
    this.field = more.field;
    this.retryAfterS = more.retryAfterS;
    this.details = more.details;
  }
}

export const badInput = (field: string, message: string): ApiError => new ApiError(400, "bad_input", message, { field });
export const notFound = (code: string, message: string, field?: string): ApiError => new ApiError(404, code, message, field === undefined ? {} : { field });
export const unavailable = (code: string, message: string, cause?: unknown): ApiError =>
  new ApiError(503, code, message, { retryAfterS: 1, ...(cause !== undefined && { cause }) });

export interface ErrorBody {
  error: { code: string; message: string; field?: string; details?: Record<string, unknown> };
  request_id: string;
}

export function errorBody(error: ApiError, requestId: string): ErrorBody {
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.field !== undefined && { field: error.field }),
      ...(error.details !== undefined && { details: error.details }),
    },
    request_id: requestId,
  };
}

/** What an unexpected throw becomes on the wire: fastify's own refusals keep their status, a database out of reach is a 503, everything else is a 500 that tells nothing. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (isDatabaseUnavailable(thrown)) return unavailable("database_unavailable", "the database cannot be reached; try again shortly", thrown);
  const { statusCode, code, message } = thrown as { statusCode?: number; code?: string; message?: string };
  if (code === "FST_ERR_CTP_INVALID_JSON_BODY" || code === "FST_ERR_CTP_EMPTY_JSON_BODY") return badInput("body", "the body is not valid JSON");
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") return new ApiError(415, "unsupported_media_type", "send the body as application/json");
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") return new ApiError(413, "body_too_large", "the body is too large");
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return new ApiError(statusCode, "bad_request", message ?? "bad request");
  return new ApiError(500, "internal", "something went wrong on our side; quote the request_id", { cause: thrown });
}

/**
 * Errors as the Kubernetes API reports them: a Status with a reason and a code.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/api/errors/errors.go
 */
import type { Status } from "./types.ts";

/** One problem with one field, as validation reports it. */
export interface FieldError {
  /** Path with dots and brackets: `spec.containers[0].name`. */
  field: string;
  type: "Required" | "Invalid" | "NotSupported" | "Duplicate" | "Forbidden" | "NotFound" | "TooLong" | "TooMany" | "TypeInvalid";
  /** The text after the path, as Kubernetes words it: `Invalid value: "x": must be no more than 63 characters`. */
  message: string;
}

const CAUSE: Record<FieldError["type"], string> = {
  Required: "FieldValueRequired",
  Invalid: "FieldValueInvalid",
  NotSupported: "FieldValueNotSupported",
  Duplicate: "FieldValueDuplicate",
  Forbidden: "FieldValueForbidden",
  NotFound: "FieldValueNotFound",
  TooLong: "FieldValueTooLong",
  TooMany: "FieldValueTooMany",
  TypeInvalid: "FieldValueTypeInvalid",
};

/** What an error is about. */
export interface Subject {
  group?: string | undefined;
  /** The plural resource name (`pods`), or the kind for {@link invalid}. */
  resource: string;
  name?: string | undefined;
}

function qualified({ group, resource }: Subject): string {
  return group ? `${resource}.${group}` : resource;
}

/** An error that travels as a `Status`. `code` is the HTTP status. */
export class StatusError extends Error {
  readonly status: Status & { code: number; reason: string; message: string };

  constructor(code: number, reason: string, message: string, details?: Status["details"]) {
    super(message);
    this.name = "StatusError";
    this.status = {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      reason,
      ...(details ? { details } : {}),
      code,
    };
  }

  get code(): number {
    return this.status.code;
  }

  get reason(): string {
    return this.status.reason;
  }

  /** The error a server answered with. */
  static from(status: Status): StatusError {
    return new StatusError(status.code ?? 500, status.reason ?? "InternalError", status.message ?? "", status.details);
  }
}

function details(subject: Subject, more?: Partial<NonNullable<Status["details"]>>): Status["details"] {
  return {
    ...(subject.name ? { name: subject.name } : {}),
    ...(subject.group ? { group: subject.group } : {}),
    kind: subject.resource,
    ...more,
  };
}

export const notFound = (subject: Subject): StatusError =>
  new StatusError(404, "NotFound", `${qualified(subject)} "${subject.name}" not found`, details(subject));

export const alreadyExists = (subject: Subject): StatusError =>
  new StatusError(409, "AlreadyExists", `${qualified(subject)} "${subject.name}" already exists`, details(subject));

export const conflict = (subject: Subject, why: string): StatusError =>
  new StatusError(409, "Conflict", `Operation cannot be fulfilled on ${qualified(subject)} "${subject.name}": ${why}`, details(subject));

/** The conflict of a stale resourceVersion, in Kubernetes' words. */
export const modified = (subject: Subject): StatusError =>
  conflict(subject, "the object has been modified; please apply your changes to the latest version and try again");

export const badRequest = (message: string): StatusError => new StatusError(400, "BadRequest", message);

export const unauthorized = (message = "Unauthorized"): StatusError => new StatusError(401, "Unauthorized", message);

export const forbidden = (subject: Subject, why: string): StatusError =>
  new StatusError(403, "Forbidden", `${qualified(subject)}${subject.name ? ` "${subject.name}"` : ""} is forbidden: ${why}`, details(subject));

export const methodNotSupported = (subject: Subject, verb: string): StatusError =>
  new StatusError(405, "MethodNotAllowed", `${verb} is not supported on resources of kind "${qualified(subject)}"`, details(subject));

/** An HTTP method that no verb stands for: HEAD on a resource, OPTIONS. */
export const methodNotAllowed = (): StatusError => new StatusError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});

export const notAcceptable = (accepted: string[]): StatusError =>
  new StatusError(406, "NotAcceptable", `only the following media types are accepted: ${accepted.join(", ")}`);

export const unsupportedMediaType = (accepted: string[]): StatusError =>
  new StatusError(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  );

/** A resourceVersion that has been compacted away: list again. */
export const expired = (message: string): StatusError => new StatusError(410, "Expired", message);

export const internalError = (message: string): StatusError =>
  new StatusError(500, "InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] });

/** `retryAfterSeconds`: when the client may try again; 0 says nothing of it. */
export const tooManyRequests = (message: string, retryAfterSeconds: number, causes: NonNullable<Status["details"]>["causes"] = []): StatusError =>
  new StatusError(429, "TooManyRequests", message, { ...(causes.length > 0 ? { causes } : {}), ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}) });

export const serviceUnavailable = (message: string): StatusError => new StatusError(503, "ServiceUnavailable", message);

/** Validation failed; `subject.resource` is the kind here, as upstream prints it (`Pod "x" is invalid: ...`). */
export function invalid(subject: Subject, errors: FieldError[]): StatusError {
  const texts = errors.map((error) => `${error.field}: ${error.message}`);
  const joined = texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`;
  return new StatusError(
    422,
    "Invalid",
    `${qualified(subject)} "${subject.name ?? ""}" is invalid: ${joined}`,
    details(subject, {
      causes: errors.map((error) => ({ reason: CAUSE[error.type], message: error.message, field: error.field })),
    }),
  );
}

/** Whether an error is a Status with this reason. */
export function isReason(error: unknown, reason: string): boolean {
  return error instanceof StatusError && error.reason === reason;
}

export const isNotFound = (error: unknown): boolean => isReason(error, "NotFound");
export const isAlreadyExists = (error: unknown): boolean => isReason(error, "AlreadyExists");
export const isConflict = (error: unknown): boolean => isReason(error, "Conflict");
export const isExpired = (error: unknown): boolean => isReason(error, "Expired") || isReason(error, "Gone");

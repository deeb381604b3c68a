/**
 * Errors a registry answers with, and their codes.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
 */
export type ErrorCode =
  | "BLOB_UNKNOWN"
  | "BLOB_UPLOAD_INVALID"
  | "BLOB_UPLOAD_UNKNOWN"
  | "DIGEST_INVALID"
  | "MANIFEST_BLOB_UNKNOWN"
  | "MANIFEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "PAGINATION_NUMBER_INVALID"
  | "SIZE_INVALID"
  | "TAG_INVALID"
  | "UNSUPPORTED";

export interface ErrorItem {
  code: ErrorCode;
  message: string;
  detail?: unknown;
}

/** An answer other than success: its HTTP status, the body's errors, and headers the status calls for. */
export class RegistryError extends Error {
  readonly status: number;
  readonly items: ErrorItem[];
  readonly headers: Record<string, string>;

  constructor(status: number, items: ErrorItem | ErrorItem[], headers: Record<string, string> = {}) {
    const list = Array.isArray(items) ? items : [items];
    super(list.map((item) => `${item.code}: ${item.message}`).join("; "));
    this.status = status;
    this.items = list;
    this.headers = headers;
  }
}

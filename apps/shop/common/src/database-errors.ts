/** SQLSTATE classes and codes that say "the database cannot serve this now", not "this is wrong". https://www.postgresql.org/docs/18/errcodes-appendix.html */
const UNAVAILABLE_STATES = new Set([
  "57P01", // admin_shutdown
  "57P02", // crash_shutdown
  "57P03", // cannot_connect_now: starting up or shutting down
  "57P05", // idle_session_timeout
  "57014", // query_canceled: our own statement_timeout
  "55P03", // lock_not_available: our own lock_timeout
  "25P03", // idle_in_transaction_session_timeout
  "53300", // too_many_connections
  "53100", // disk_full
  "53200", // out_of_memory
  "40001", // serialization_failure, after our own tries
  "40P01", // deadlock_detected, after our own tries
  "28000", // the role does not exist (yet): the database is being set up
  "28P01", // its password is not set (yet)
  "3D000", // the database does not exist (yet)
]);
const SOCKET_CODES = new Set(["ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "ENOENT"]);
// node-postgres reports these without a code.
const MESSAGES = /Connection terminated|timeout exceeded when trying to connect|Query read timeout|not queryable|Client was closed|Cannot use a pool after calling end/i;

/** Whether an error of a query means that the database cannot be used at the moment; its outcome is then unknown. */
export function isDatabaseUnavailable(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  if (thrown instanceof AggregateError && thrown.errors.some(isDatabaseUnavailable)) return true;
  const code = (thrown as { code?: unknown }).code;
  if (typeof code === "string" && (SOCKET_CODES.has(code) || UNAVAILABLE_STATES.has(code) || code.startsWith("08"))) return true;
  return MESSAGES.test(thrown.message);
}

/** Whether the connection is of no further use after this error: it is closed, or still busy with a query we gave up on. */
export function breaksConnection(thrown: unknown): boolean {
  const code = (thrown as { code?: unknown }).code;
  if (typeof code === "string" && (code === "57014" || code === "55P03" || code.startsWith("40") || code.startsWith("53"))) return false;
  return isDatabaseUnavailable(thrown);
}

/** Two transactions met in an unlucky order; the same transaction may simply be run again. */
export const isConflict = (thrown: unknown): boolean => ["40001", "40P01"].includes((thrown as { code?: string }).code ?? "");

import { errorMessage } from "#lib/log.ts";
import { StatusError } from "#api/errors.ts";

/** What is wrong with a patch: clients are told it as a cause, behind a general message. */
export function patchProblem(error: unknown): string {
  return (error instanceof StatusError && error.status.details?.causes?.[0]?.message) || errorMessage(error);
}

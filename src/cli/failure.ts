/** Why a command did not do its work, for its reader. */
import { Refusal } from "#cluster/refusal.ts";

/** A command that did not do its work, for a reason the user can read; printed without a stack. */
export class CommandFailed extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = "CommandFailed";
    this.exitCode = exitCode;
  }
}

/** What to tell the user of an error: undefined when it is a fault of ours, which deserves its stack. */
export function reasonOf(error: unknown): string | undefined {
  if (error instanceof CommandFailed || error instanceof Refusal) return error.message;
  // The file system says no: `EACCES: permission denied, open '/x/y'`.
  if (error instanceof Error && "path" in error && "syscall" in error) return `${error.message}.\nIs it the right data directory (--data DIR), and yours? 'npx tidepool doctor' checks it.`;
  return undefined;
}

/** A command that did not do its work, for a reason the user can read; printed without a stack. */
export class CommandFailed extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = "CommandFailed";
    this.exitCode = exitCode;
  }
}

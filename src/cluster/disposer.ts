/** What was started, to be stopped in reverse, however far the start came. */
import { errorMessage, type Logger } from "#lib/log.ts";

export class Disposer {
  readonly #log: Logger;
  readonly #steps: { what: string; stop: () => Promise<void> | void }[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  add(what: string, stop: () => Promise<void> | void): void {
    this.#steps.push({ what, stop });
  }

  /** Stops everything, last first; what fails is logged and does not keep the rest from stopping. */
  async stop(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step.stop();
      } catch (error) {
        this.#log.error(`stopping ${step.what} failed`, { error: errorMessage(error) });
      }
    }
  }
}

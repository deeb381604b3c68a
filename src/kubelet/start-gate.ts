/**
 * Lets only so many containers start at a time: a start is all processor, and a dozen at once on two
 * cores make every one of them late for its probes.
 */
import type { Clock } from "#lib/clock.ts";

/** A start that never says it is done gives up its turn after this long. */
const TURN_MS = 500;

export class StartGate {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(clock: Clock, parallel: number) {
    this.#clock = clock;
    this.#free = Math.max(1, parallel);
  }

  /** Resolves when it is this one's turn, to a function that ends the turn. */
  async enter(): Promise<() => void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let over = false;
    const leave = (): void => {
      if (over) return;
      over = true;
      cancel();
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    };
    const cancel = this.#clock.after(TURN_MS, leave);
    return leave;
  }
}

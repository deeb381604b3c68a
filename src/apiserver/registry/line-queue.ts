/** Lines that wait for their reader, given out together. */
export class LineQueue implements AsyncIterable<string> {
  readonly #limit: number;
  #waiting: string[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  #discarded = false;
  /** Called once when the reader stops or the queue overflows. */
  onEnd: () => void = () => {};

  /** A reader that lets more lines wait is cut off: it can watch again from the last one it got. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether nothing more is wanted, not even what came before. */
  get discarded(): boolean {
    return this.#discarded;
  }

  push(text: string): void {
    if (this.#ended) return;
    if (this.#waiting.length >= this.#limit) {
      this.discard();
      this.onEnd();
      return;
    }
    this.#waiting.push(text);
    this.#wake?.();
  }

  /** What waits is still given out. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Ends at once. */
  discard(): void {
    this.#discarded = true;
    this.#waiting = [];
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    try {
      for (;;) {
        if (this.#waiting.length > 0) {
          const lines = this.#waiting;
          this.#waiting = [];
          yield lines.join("");
        } else if (this.#ended) {
          return;
        } else {
          await new Promise<void>((resolve) => (this.#wake = resolve));
          this.#wake = undefined;
        }
      }
    } finally {
      this.onEnd();
    }
  }
}

/** The steps of a start as lines: rewritten in place on a terminal, one line per finished step elsewhere. */
import { STEPS, type Progress } from "#cluster/progress.ts";

type StepProgress = Progress & { type: "step" };

const FRAMES = ["◐", "◓", "◑", "◒"];
const FRAME_MS = 120;

export class ProgressView {
  readonly #out: NodeJS.WriteStream;
  readonly #running = new Map<string, StepProgress>();
  #timer: NodeJS.Timeout | undefined;
  #frame = 0;
  #painted = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  step(progress: StepProgress): void {
    if (progress.state === "started") {
      const before = this.#running.get(progress.step)?.detail;
      this.#running.set(progress.step, progress);
      if (!this.#out.isTTY && progress.detail !== undefined && progress.detail !== before) this.line(`  ${progress.detail}`);
      if (this.#out.isTTY) this.#timer ??= setInterval(() => this.#paint(), FRAME_MS);
    } else {
      this.#running.delete(progress.step);
      const seconds = progress.tookMs === undefined ? "" : ` ${(progress.tookMs / 1000).toFixed(1)} s`;
      this.line(`✔ ${STEPS[progress.step].padEnd(14)}${seconds.padStart(7)}${progress.detail ? `   ${progress.detail}` : ""}`);
    }
    if (this.#out.isTTY) this.#paint();
  }

  /** Prints a line above the running steps. */
  line(text: string): void {
    this.#erase();
    this.#out.write(`${text}\n`);
    if (this.#timer) this.#paint();
  }

  /** Takes the running steps off the screen. */
  done(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#running.clear();
    this.#erase();
  }

  #paint(): void {
    this.#erase();
    this.#frame++;
    for (const { step, detail } of this.#running.values()) {
      const text = `${FRAMES[this.#frame % FRAMES.length]} ${STEPS[step].padEnd(14)}${detail ? `          ${detail}` : ""}`;
      this.#out.write(`${text.slice(0, (this.#out.columns || 80) - 1)}\n`);
      this.#painted++;
    }
  }

  #erase(): void {
    // To the first column too: a terminal writes ^C where the cursor is.
    if (this.#painted > 0) this.#out.write(`\r\x1b[${this.#painted}A\x1b[J`);
    this.#painted = 0;
  }
}

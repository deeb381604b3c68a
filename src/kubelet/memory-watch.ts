/**
 * Enforces memory limits without the kernel's help: looks at the containers that have one, seldom
 * while they are well below it and often when they come near.
 */
import { type Clock } from "#lib/clock.ts";
import type { ProcessTable } from "./process-table.ts";

const CALM_MS = 1_000;
const CLOSE_MS = 100;
/** Between calm looks, where the system makes that cheap, the first process of each container alone is looked at. */
const GLANCE_MS = 200;
/** The part of its limit from which a container is watched closely. */
const CLOSE = 0.7;

export class MemoryWatch {
  readonly #clock: Clock;
  readonly #table: ProcessTable;
  readonly #onExceeded: (id: string) => void;
  readonly #watched = new Map<string, { pid: number; limitBytes: number }>();
  #cancel: (() => void) | undefined;
  #lookAtMs = 0;
  #stopped = false;

  /** `onExceeded` is told once per look while a container is over its limit. */
  constructor(clock: Clock, table: ProcessTable, onExceeded: (id: string) => void) {
    this.#clock = clock;
    this.#table = table;
    this.#onExceeded = onExceeded;
  }

  add(id: string, pid: number, limitBytes: number): void {
    this.#watched.set(id, { pid, limitBytes });
    this.#lookIn(CLOSE_MS);
  }

  remove(id: string): void {
    this.#watched.delete(id);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #lookIn(delayMs: number): void {
    if (this.#stopped) return;
    this.#lookAtMs = this.#clock.now() + delayMs;
    this.#glanceOrLook();
  }

  /** Waits for the next look, glancing meanwhile; what a glance finds near its limit brings the look forward. */
  #glanceOrLook(): void {
    const leftMs = Math.max(0, this.#lookAtMs - this.#clock.now());
    const glances = this.#table.ownMemoryBytes !== undefined && leftMs > GLANCE_MS;
    this.#cancel?.();
    this.#cancel = this.#clock.after(glances ? GLANCE_MS : leftMs, () => {
      if (!glances || this.#isAnyClose()) void this.#look();
      else this.#glanceOrLook();
    });
  }

  #isAnyClose(): boolean {
    for (const { pid, limitBytes } of this.#watched.values()) if (this.#table.ownMemoryBytes!(pid) > limitBytes * CLOSE) return true;
    return false;
  }

  async #look(): Promise<void> {
    if (this.#watched.size === 0) return;
    const used = await this.#table.memoryBytes([...this.#watched.values()].map(({ pid }) => pid));
    let close = false;
    for (const [id, { pid, limitBytes }] of this.#watched) {
      const bytes = used.get(pid) ?? 0;
      if (bytes > limitBytes) this.#onExceeded(id);
      if (bytes > limitBytes * CLOSE) close = true;
    }
    this.#lookIn(close ? CLOSE_MS : CALM_MS);
  }
}

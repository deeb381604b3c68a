/** What changed since the compacted revision: replayed to watches, undone for lists of the past. */
import type { StoredChange, StoredEntry } from "./entry.ts";
import { lowest } from "./table.ts";

export class History {
  /** In order, one per revision. */
  #changes: StoredChange[];

  constructor(changes: StoredChange[]) {
    this.#changes = changes;
  }

  get length(): number {
    return this.#changes.length;
  }

  push(changes: readonly StoredChange[]): void {
    for (const change of changes) this.#changes.push(change);
  }

  after(revision: number): StoredChange[] {
    return this.#changes.slice(this.#indexAfter(revision));
  }

  upTo(revision: number): StoredChange[] {
    return this.#changes.slice(0, this.#indexAfter(revision));
  }

  forget(revision: number): void {
    this.#changes = this.after(revision);
  }

  /** The keys below `prefix` and from `from` on that changed after `revision`, each with the version it had then. */
  undone(revision: number, prefix: string, from: string): Map<string, StoredEntry | undefined> {
    const before = new Map<string, StoredEntry | undefined>();
    for (let index = this.#indexAfter(revision); index < this.#changes.length; index++) {
      const { entry, previous } = this.#changes[index]!;
      // The first change of a key tells what it was before.
      if (entry.key >= from && entry.key.startsWith(prefix) && !before.has(entry.key)) before.set(entry.key, previous);
    }
    return before;
  }

  #indexAfter(revision: number): number {
    return lowest(this.#changes.length, (index) => this.#changes[index]!.revision > revision);
  }
}

/** Present entries as they were: `before` replaces what changed since. All in the order of keys. */
export function* asBefore(present: Iterable<StoredEntry>, before: ReadonlyMap<string, StoredEntry | undefined>): Generator<StoredEntry> {
  const undone = [...before.values()].filter((entry) => entry !== undefined).sort((a, b) => (a.key < b.key ? -1 : 1));
  let next = 0;
  for (const entry of present) {
    while (next < undone.length && undone[next]!.key < entry.key) yield undone[next++]!;
    if (!before.has(entry.key)) yield entry;
  }
  yield* undone.slice(next);
}

/** Entries of one table, readable in the order of their keys. */
import type { Entry } from "./store.ts";

export class Table<E extends Entry> {
  readonly #entries = new Map<string, E>();
  /** Sorted; made when first read, so that loading a file sorts once. */
  #keys: string[] | undefined;

  get(key: string): E | undefined {
    return this.#entries.get(key);
  }

  set(entry: E): void {
    const known = this.#entries.has(entry.key);
    this.#entries.set(entry.key, entry);
    if (known || !this.#keys) return;
    this.#keys.splice(this.#firstAtOrAfter(this.#keys, entry.key), 0, entry.key);
  }

  delete(key: string): void {
    if (!this.#entries.delete(key) || !this.#keys) return;
    this.#keys.splice(this.#firstAtOrAfter(this.#keys, key), 1);
  }

  /** Keys that start with `prefix` and come after `after`, in order. */
  keys(prefix: string, after?: string): string[] {
    const keys = (this.#keys ??= [...this.#entries.keys()].sort());
    let start = this.#firstAtOrAfter(keys, prefix);
    const end = this.#firstAtOrAfter(keys, `${prefix}\uffff`);
    if (after !== undefined) {
      const next = this.#firstAtOrAfter(keys, after);
      start = Math.max(start, keys[next] === after ? next + 1 : next);
    }
    return keys.slice(start, end);
  }

  #firstAtOrAfter(keys: string[], key: string): number {
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

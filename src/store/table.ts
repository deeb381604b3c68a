/** Entries of one table, readable in the order of their keys. */
import type { Entry } from "./store.ts";

/** Keys in one block: few enough that inserting into one is cheap however many there are in all. */
const BLOCK_KEYS = 512;

interface Place {
  block: number;
  index: number;
}

export class Table<E extends Entry> {
  readonly #entries = new Map<string, E>();
  /** All keys in order, in blocks that are never empty; made when first read, so that loading a file sorts once. */
  #blocks: string[][] | undefined;

  get(key: string): E | undefined {
    return this.#entries.get(key);
  }

  set(entry: E): void {
    const known = this.#entries.has(entry.key);
    this.#entries.set(entry.key, entry);
    if (known || !this.#blocks) return;
    const { block, index } = this.#placeToInsert(this.#blocks, entry.key);
    const keys = this.#blocks[block];
    if (!keys) this.#blocks.push([entry.key]);
    else {
      keys.splice(index, 0, entry.key);
      if (keys.length > BLOCK_KEYS) this.#blocks.splice(block + 1, 0, keys.splice(BLOCK_KEYS / 2));
    }
  }

  delete(key: string): void {
    if (!this.#entries.delete(key) || !this.#blocks) return;
    const { block, index } = this.#firstAtOrAfter(this.#blocks, key);
    const keys = this.#blocks[block]!;
    keys.splice(index, 1);
    if (keys.length === 0) this.#blocks.splice(block, 1);
  }

  /** Entries from `from` on and before `to`, in order. To be read before anything is written. */
  *between(from: string, to: string): Generator<E> {
    const blocks = this.#sorted();
    let { block, index } = this.#firstAtOrAfter(blocks, from);
    const end = this.#firstAtOrAfter(blocks, to);
    for (; block < end.block || (block === end.block && index < end.index); block++, index = 0) {
      const keys = blocks[block]!;
      const last = block === end.block ? end.index : keys.length;
      for (; index < last; index++) yield this.#entries.get(keys[index]!)!;
    }
  }

  /** How many entries {@link between} gives. */
  count(from: string, to: string): number {
    const blocks = this.#sorted();
    const start = this.#firstAtOrAfter(blocks, from);
    const end = this.#firstAtOrAfter(blocks, to);
    let count = end.index - start.index;
    for (let block = start.block; block < end.block; block++) count += blocks[block]!.length;
    return Math.max(0, count);
  }

  #sorted(): string[][] {
    if (this.#blocks) return this.#blocks;
    const keys = [...this.#entries.keys()].sort();
    this.#blocks = [];
    for (let start = 0; start < keys.length; start += BLOCK_KEYS / 2) this.#blocks.push(keys.slice(start, start + BLOCK_KEYS / 2));
    return this.#blocks;
  }

  /** Past the last block when all keys come before. */
  #firstAtOrAfter(blocks: string[][], key: string): Place {
    const block = lowest(blocks.length, (candidate) => blocks[candidate]!.at(-1)! >= key);
    if (block === blocks.length) return { block, index: 0 };
    const keys = blocks[block]!;
    return { block, index: lowest(keys.length, (candidate) => keys[candidate]! >= key) };
  }

  /** As {@link #firstAtOrAfter}, but a key after all others goes to the end of the last block. */
  #placeToInsert(blocks: string[][], key: string): Place {
    const place = this.#firstAtOrAfter(blocks, key);
    if (place.block < blocks.length || blocks.length === 0) return place;
    return { block: blocks.length - 1, index: blocks.at(-1)!.length };
  }
}

/** The lowest of `count` numbers that holds, where all above one that holds do; `count` when none does. */
export function lowest(count: number, holds: (candidate: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

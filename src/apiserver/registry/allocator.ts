/** Numbers out of a range, each held by one owner: addresses and ports. */
import type { Rng } from "#lib/random.ts";

export class Pool {
  readonly #first: number;
  readonly #last: number;
  /** How many at the start of the range are given out only on demand, or when the rest is full. */
  readonly #reservedCount: number;
  readonly #rng: Rng;
  readonly #owners = new Map<number, string>();
  readonly #held = new Map<string, number[]>();

  constructor(first: number, last: number, reservedCount: number, rng: Rng) {
    this.#first = first;
    this.#last = last;
    this.#reservedCount = reservedCount;
    this.#rng = rng;
  }

  isHeldBy(value: number, owner: string): boolean {
    return this.#owners.get(value) === owner;
  }

  /** False when it is taken. */
  reserve(value: number, owner: string): boolean {
    if (this.#owners.has(value)) return false;
    this.#owners.set(value, owner);
    return true;
  }

  /** Any free number; undefined when there is none. */
  reserveNext(owner: string): number | undefined {
    const dynamic = this.#first + this.#reservedCount;
    const value = this.#findFree(dynamic, this.#last) ?? this.#findFree(this.#first, dynamic - 1);
    if (value !== undefined) this.#owners.set(value, owner);
    return value;
  }

  release(value: number, owner: string): void {
    if (this.#owners.get(value) === owner) this.#owners.delete(value);
  }

  /** The owner holds exactly these from now on: what its stored object says. */
  hold(owner: string, values: number[]): void {
    for (const value of this.#held.get(owner) ?? []) if (!values.includes(value)) this.release(value, owner);
    for (const value of values) this.#owners.set(value, owner);
    if (values.length > 0) this.#held.set(owner, values);
    else this.#held.delete(owner);
  }

  #findFree(first: number, last: number): number | undefined {
    const size = last - first + 1;
    if (size <= 0) return undefined;
    const start = Math.floor(this.#rng() * size);
    for (let i = 0; i < size; i++) {
      const value = first + ((start + i) % size);
      if (!this.#owners.has(value)) return value;
    }
    return undefined;
  }
}

/** The address as a number; undefined when the text is none. */
export function parseIPv4(text: string): number | undefined {
  if (!/^(\d{1,3}\.){3}\d{1,3}$/.test(text)) return undefined;
  const bytes = text.split(".").map(Number);
  return bytes.some((byte) => byte > 255) ? undefined : bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

export function formatIPv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

export function parseCidr(text: string): { first: number; last: number; size: number } {
  const [address = "", bits = ""] = text.split("/");
  const base = parseIPv4(address);
  if (base === undefined || !/^\d+$/.test(bits) || Number(bits) > 32) throw new Error(`not an IPv4 range: ${text}`);
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(base / size) * size;
  return { first, last: first + size - 1, size };
}

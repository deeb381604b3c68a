/** Chance as an argument: a function that returns a number in [0, 1). */
export type Rng = () => number;

/** A small seeded generator (mulberry32), for tests and reproducible runs. */
export function seededRng(seed: number): Rng {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The alphabet Kubernetes uses for generated suffixes: no vowels, no look-alikes. */
const SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/**
 * A random suffix as in generated names (`web-7d4b9c` ...).
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/util/rand/rand.go
 */
export function randomSuffix(rng: Rng, length = 5): string {
  let suffix = "";
  for (let i = 0; i < length; i++) suffix += SAFE_ALPHABET[Math.floor(rng() * SAFE_ALPHABET.length)];
  return suffix;
}

/** Maps a hash to the same alphabet (pod-template-hash). */
export function safeEncode(text: string): string {
  return Array.from(text, (c) => SAFE_ALPHABET[c.charCodeAt(0) % SAFE_ALPHABET.length]).join("");
}

/** A version 4 UUID from the given source of chance. */
export function uuid(rng: Rng): string {
  const hex = (count: number): string => {
    let digits = "";
    while (digits.length < count) digits += "0123456789abcdef"[Math.floor(rng() * 16)];
    return digits;
  };
  const variant = "89ab"[Math.floor(rng() * 4)];
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${variant}${hex(3)}-${hex(12)}`;
}

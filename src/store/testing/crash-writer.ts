/**
 * The process that is killed: writes without pause into the store named by its argument, several writers at
 * once, and prints a line for each acknowledgement: `revision key value`, where a deletion has the value `-`.
 *
 *   crash-writer.ts FILE SEED [ACKNOWLEDGEMENTS]
 *
 * Ends by itself after so many acknowledgements, where they are given.
 */
import { writeSync } from "node:fs";
import { seededRng } from "#lib/random.ts";
import { openStore, sqliteDriver, type Entry } from "../index.ts";

const WRITERS = 4;
const KEYS_EACH = 6;
/** Small, so that compactions are interrupted, too. */
const HISTORY = 60;

const [file = "", seed = "1", most = "Infinity"] = process.argv.slice(2);
let left = Number(most);
const rng = seededRng(Number(seed));
const store = openStore({ driver: sqliteDriver(file), historyRevisions: HISTORY });

/** Each writer has keys of its own: what it was told of a key is what is there. */
async function write(writer: number): Promise<never> {
  const present = new Map<string, Entry>();
  for (const entry of store.list(`things/${writer}/`).entries) present.set(entry.key, entry);
  for (;;) {
    const key = `things/${writer}/${Math.floor(rng() * KEYS_EACH)}`;
    const current = present.get(key);
    const value = Math.floor(rng() * 1e9);
    const object = { metadata: {}, value, padding: "x".repeat(Math.floor(rng() ** 4 * 20_000)) };
    if (current && rng() < 0.2) {
      const { revision } = await store.delete(key, current.revision);
      present.delete(key);
      tell(revision, key, "-");
    } else {
      const entry = current ? await store.update(key, object, current.revision) : await store.create(key, object);
      present.set(key, entry);
      tell(entry.revision, key, String(value));
    }
  }
}

/** Not through the stream: what is told must have left the process. */
function tell(revision: number, key: string, value: string): void {
  writeSync(1, `${revision} ${key} ${value}\n`);
  if (--left === 0) process.exit(0);
}

await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));

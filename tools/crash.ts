/**
 * `npm run crash [KILLS]` kills a process that writes into the store, again and again, damages copies of what it left,
 * and checks after each kill and each damage what the store makes of it. `CRASH_SEED` repeats a run's choices.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRng } from "#lib/random.ts";
import { checkDamaged, checkKilled, copyStore, killWriter, type Known } from "#store/testing/crash.ts";

const DAMAGES_PER_KILL = 4;
/** A store is written to by so many processes after each other, then another one is begun. */
const LIVES = 10;

const kills = Number(process.argv[2] ?? 1000);
const seed = Number(process.env["CRASH_SEED"] ?? Date.now() % 1_000_000);
const rng = seededRng(seed);
const folder = mkdtempSync(join(tmpdir(), "crash-"));
const [file, killed, damaged] = ["store.db", "killed.db", "damaged.db"].map((name) => join(folder, name)) as [string, string, string];
const outcomes = { sound: 0, salvaged: 0, unreadable: 0 };
let acknowledged = 0;
let known: Known = { writes: new Map(), acknowledged: 0 };
try {
  for (let kill = 0; kill < kills; kill++) {
    if (kill % LIVES === 0) {
      acknowledged += known.acknowledged;
      known = { writes: new Map(), acknowledged: 0 };
      copyStore(join(folder, "none"), file);
    }
    await killWriter(file, rng, known);
    copyStore(file, killed);
    await checkKilled(file, known);
    for (let damage = 0; damage < DAMAGES_PER_KILL; damage++) outcomes[await checkDamaged(killed, damaged, rng, known)]++;
    if ((kill + 1) % 100 === 0) console.log(`${kill + 1} kills: nothing acknowledged is missing`);
  }
  acknowledged += known.acknowledged;
  console.log(
    `${kills} kills during ${acknowledged} acknowledged writes: none is lost, and no revision went backwards.\n` +
      `${kills * DAMAGES_PER_KILL} copies cut off or with a flipped bit: ${outcomes.sound} unharmed, ${outcomes.salvaged} refused and salvaged, ` +
      `${outcomes.unreadable} refused and beyond reading; none wrong in silence.`,
  );
} catch (error) {
  console.error(`With CRASH_SEED=${seed}:`, error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

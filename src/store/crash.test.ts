import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { seededRng } from "#lib/random.ts";
import { checkDamaged, checkKilled, copyStore, killWriter, type Known, type Outcome } from "./testing/crash.ts";

const folder = mkdtempSync(join(tmpdir(), "crash-"));
after(() => rmSync(folder, { recursive: true }));

/** `npm run crash` does the same a thousand times. */
const KILLS = 3;
const DAMAGES = 15;

describe("a store whose process is killed", () => {
  it(`has every acknowledged write, over ${KILLS} lives; further damage is harmless or told, never silent`, async () => {
    const rng = seededRng(7);
    const file = join(folder, "store.db");
    const known: Known = { writes: new Map(), acknowledged: 0 };
    const outcomes: Outcome[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      await killWriter(file, rng, known);
      copyStore(file, join(folder, "killed.db"));
      await checkKilled(file, known);
      for (let damage = 0; damage < DAMAGES; damage++) outcomes.push(await checkDamaged(join(folder, "killed.db"), join(folder, "damaged.db"), rng, known));
    }
    assert.ok(outcomes.includes("salvaged") && outcomes.includes("sound"), outcomes.join(" "));
  });

  const strace = spawnSync("strace", ["-V"]).error ? "strace is not installed" : false;
  it("acknowledges nothing that is not synced", { skip: strace }, () => {
    const trace = join(folder, "trace");
    const writer = join(import.meta.dirname, "testing/crash-writer.ts");
    spawnSync("strace", ["-f", "-o", trace, "-e", "trace=write,pwrite64,fdatasync,fsync", "--decode-fds=path", process.execPath, writer, join(folder, "traced.db"), "1", "50"]);
    let written = 0;
    let synced = 0;
    let acknowledged = 0;
    /** By thread: how much was written when it began to sync. */
    const syncing = new Map<string, number>();
    for (const line of readFileSync(trace, "utf8").split("\n")) {
      const thread = line.split(" ", 1)[0]!;
      if (/ pwrite64\(\d+<[^>]*traced\.db-wal>/.test(line)) written++;
      else if (/ f(data)?sync\(\d+<[^>]*traced\.db-wal>/.test(line)) syncing.set(thread, written);
      if (/ (f(data)?sync\(\d+<[^>]*traced\.db-wal>|<\.\.\. f(data)?sync resumed>)\) += 0/.test(line)) synced = syncing.get(thread) ?? synced;
      if (/ write\(1</.test(line)) {
        acknowledged++;
        assert.equal(synced, written, `acknowledgement ${acknowledged} came before the sync`);
      }
    }
    assert.ok(acknowledged >= 50, `only ${acknowledged} acknowledgements were traced`);
  });
});

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { identify } from "#lib/process.ts";
import { lockDataDirectory, readInstance, removeRecord, writeRecord } from "./instance.ts";

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "tidepool-instance-"));
  mkdirSync(join(dataDir, "run"));
});

afterEach(() => rmSync(dataDir, { recursive: true }));

test("a live daemon is found by its record, and not once the record is gone", () => {
  const process_ = identify(process.pid)!;
  writeRecord(dataDir, "daemon", { process: process_, state: "running", version: "1" });
  assert.deepEqual(readInstance(dataDir).daemon?.process, process_);
  assert.equal(statSync(join(dataDir, "run/daemon.json")).mode & 0o777, 0o600);
  removeRecord(dataDir, "daemon", 1);
  assert.deepEqual(readInstance(dataDir).daemon?.process, process_, "another process does not take it away");
  removeRecord(dataDir, "daemon", process_.pid);
  assert.equal(readInstance(dataDir).daemon, undefined);
});

test("the record of another process that got the same pid is ignored", () => {
  writeRecord(dataDir, "supervisor", { process: { pid: process.pid, startTime: "long ago" } });
  assert.equal(readInstance(dataDir).supervisor, undefined);
});

test("a data directory is locked by one holder at a time, and free again when it is released", () => {
  const lock = lockDataDirectory(dataDir);
  assert.ok(lock);
  assert.equal(lockDataDirectory(dataDir), undefined);
  lock.release();
  const again = lockDataDirectory(dataDir);
  assert.ok(again);
  again.release();
});

test("a killed holder leaves no lock behind", async () => {
  const holder = join(dataDir, "holder.ts");
  writeFileSync(holder, `import { lockDataDirectory } from ${JSON.stringify(import.meta.resolve("./instance.ts"))};\nif (lockDataDirectory(${JSON.stringify(dataDir)})) process.send("locked");\nsetInterval(() => {}, 1000);\n`);
  const child = fork(holder, { execArgv: ["--disable-warning=ExperimentalWarning"] });
  await new Promise((resolve) => child.once("message", resolve));
  assert.equal(lockDataDirectory(dataDir), undefined);
  child.kill("SIGKILL");
  await new Promise((resolve) => child.once("exit", resolve));
  const lock = lockDataDirectory(dataDir);
  assert.ok(lock);
  lock.release();
});

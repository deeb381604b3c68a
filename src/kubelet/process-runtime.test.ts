import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { systemClock } from "#lib/clock.ts";
import { silentLogger } from "#lib/log.ts";
import { isAlive, startTimeOf } from "#lib/process.ts";
import { seededRng } from "#lib/random.ts";
import { readLog } from "./log-reader.ts";
import { ProcessRuntime } from "./process-runtime.ts";
import type { ContainerRecord, ContainerRuntime } from "./runtime.ts";
import { containerConfig, eventually, temporaryDirectory } from "./testing.ts";

let seed = 1;
function openRuntime(directory: string, t: TestContext, rotateBytes?: number): ProcessRuntime {
  const runtime = new ProcessRuntime({
    podsDirectory: join(directory, "pods"),
    clock: systemClock,
    rng: seededRng(seed++),
    log: silentLogger,
    parallelStarts: 2,
    ...(rotateBytes ? { rotateBytes } : {}),
  });
  // A test's containers don't outlive it, also when it fails.
  t.after(async () => {
    await Promise.all(runtime.list().map((record) => runtime.stop(record.id, 0)));
    await runtime.close();
  });
  return runtime;
}

const recordOf = (runtime: ContainerRuntime, id: string): ContainerRecord => runtime.list().find((record) => record.id === id)!;
const ended = (runtime: ContainerRuntime, id: string): Promise<NonNullable<ContainerRecord["exit"]>> =>
  eventually(() => recordOf(runtime, id).exit, "the container's end");

async function logOf(runtime: ContainerRuntime, id: string, options: Partial<Parameters<typeof readLog>[1]> = {}): Promise<string> {
  const source = { path: runtime.logFile(id).path, running: () => !recordOf(runtime, id).exit, rotations: () => runtime.logFile(id).rotations };
  const chunks: Uint8Array[] = [];
  for await (const chunk of readLog(source, { follow: false, timestamps: false, ...options }, systemClock, new AbortController().signal)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

test("a container's output goes to its log and its exit code to its record", async (t) => {
  const directory = temporaryDirectory();
  const runtime = openRuntime(directory, t);
  const exits: string[] = [];
  runtime.onExit((record) => exits.push(record.id));
  const { id } = await runtime.start(containerConfig(directory, ["sh", "-c", "echo out; echo err >&2; exit 3"]));
  assert.deepEqual((({ code, reason }) => ({ code, reason }))(await ended(runtime, id)), { code: 3, reason: "Error" });
  assert.equal(await logOf(runtime, id), "out\nerr\n");
  assert.deepEqual(exits, [id]);
});

test("kill -9 from outside is 137 and Error", async (t) => {
  const directory = temporaryDirectory();
  const runtime = openRuntime(directory, t);
  const record = await runtime.start(containerConfig(directory, ["sleep", "60"]));
  process.kill(record.process!.pid, "SIGKILL");
  const exit = await ended(runtime, record.id);
  assert.equal(exit.code, 137);
  assert.equal(exit.reason, "Error");
});

test("a stop sends the stop signal first and kills after the grace period, with all children", async (t) => {
  const directory = temporaryDirectory();
  const runtime = openRuntime(directory, t);
  const polite = await runtime.start(containerConfig(directory, ["sh", "-c", "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done"]));
  const stubborn = await runtime.start(
    containerConfig(directory, ["sh", "-c", "trap '' TERM; sleep 60 & echo child=$!; while :; do sleep 0.05; done"], { name: "stubborn" }),
  );
  await eventually(async () => (await logOf(runtime, polite.id)).includes("ready"), "the trap");
  const child = Number((await eventually(async () => /child=(\d+)/.exec(await logOf(runtime, stubborn.id)), "the child"))[1]);
  await Promise.all([runtime.stop(polite.id, 10_000), runtime.stop(stubborn.id, 200)]);
  assert.equal(recordOf(runtime, polite.id).exit!.code, 0);
  assert.match(await logOf(runtime, polite.id), /bye/);
  assert.equal(recordOf(runtime, stubborn.id).exit!.code, 137);
  await eventually(() => startTimeOf(child) === undefined, "the grandchild's end");
});

test("a program that isn't there ends as StartError with the runtime's words", async (t) => {
  const directory = temporaryDirectory();
  const runtime = openRuntime(directory, t);
  const record = await runtime.start(containerConfig(directory, ["no-such-program"]));
  assert.equal(record.exit!.code, 128);
  assert.equal(record.exit!.reason, "StartError");
  assert.match(record.exit!.message!, /exec: "no-such-program": executable file not found in \$PATH/);
});

test("a new daemon adopts what runs, with its log, and finds what ended", async (t) => {
  const directory = temporaryDirectory();
  const first = openRuntime(directory, t);
  const survivor = await first.start(containerConfig(directory, ["sh", "-c", "echo one; while [ ! -e go ]; do sleep 0.02; done; echo two; sleep 60"]));
  const victim = await first.start(containerConfig(directory, ["sleep", "60"], { name: "victim" }));
  await eventually(async () => (await logOf(first, survivor.id)) === "one\n", "the first line");
  await first.close();
  process.kill(victim.process!.pid, "SIGKILL");
  await eventually(() => !isAlive(victim.process), "the victim's end");

  const second = openRuntime(directory, t);
  assert.equal(recordOf(second, survivor.id).exit, undefined);
  assert.deepEqual((({ code, reason }) => ({ code, reason }))(recordOf(second, victim.id).exit!), { code: 137, reason: "ContainerStatusUnknown" });
  writeFileSync(join(directory, "go"), "");
  await eventually(async () => (await logOf(second, survivor.id)) === "one\ntwo\n", "the second line");
  await second.stop(survivor.id, 5_000);
  assert.equal(recordOf(second, survivor.id).exit!.code, 137);
});

test("an exit code that decides something is known also when no daemon saw the end", async (t) => {
  const directory = temporaryDirectory();
  const first = openRuntime(directory, t);
  const go = join(directory, "go");
  const run = (name: string, end: string) =>
    first.start(containerConfig(directory, ["sh", "-c", `while [ ! -e ${go} ]; do sleep 0.02; done; ${end}`], { name, keepExitCode: true }));
  const records = [await run("done", "echo done; exit 0"), await run("failed", "exit 42"), await run("killed", "kill -9 $$")];
  const seen = await first.start(containerConfig(directory, ["sh", "-c", "exit 7"], { name: "seen", keepExitCode: true }));
  assert.equal((await ended(first, seen.id)).code, 7, "nothing changes while the daemon looks on");
  await first.close();
  writeFileSync(go, "");
  for (const { process: identity, monitor } of records) await eventually(() => !isAlive(identity) && !isAlive(monitor), "the end");

  const second = openRuntime(directory, t);
  const exits = await Promise.all(records.map(({ id }) => ended(second, id)));
  assert.deepEqual(exits.map(({ code, reason }) => `${code} ${reason}`), ["0 Completed", "42 Error", "137 Error"]);
  assert.equal(await logOf(second, records[0]!.id), "done\n");
  assert.equal(await logOf(second, records[2]!.id), "", "the monitor adds nothing to the log");
});

test("a monitored container gets its signals, and its whole group goes with it", async (t) => {
  const directory = temporaryDirectory();
  const runtime = openRuntime(directory, t);
  const script = (signalName: string) => ["sh", "-c", `trap 'echo got ${signalName}; exit 5' ${signalName}; echo ready; while :; do sleep 0.05; done`];
  const interrupted = await runtime.start(containerConfig(directory, script("INT"), { name: "interrupted", keepExitCode: true, stopSignal: "SIGINT" }));
  await eventually(async () => (await logOf(runtime, interrupted.id)).includes("ready"), "the trap");
  await runtime.stop(interrupted.id, 10_000);
  assert.equal(recordOf(runtime, interrupted.id).exit!.code, 5);
  const stubborn = await runtime.start(containerConfig(directory, ["sh", "-c", "trap '' TERM; echo ready; sleep 60"], { name: "stubborn", keepExitCode: true }));
  await eventually(async () => (await logOf(runtime, stubborn.id)).includes("ready"), "the start");
  await runtime.stop(stubborn.id, 50);
  assert.equal(recordOf(runtime, stubborn.id).exit!.code, 137);
  await eventually(() => !isAlive(stubborn.process) && !isAlive(stubborn.monitor), "the end of all of it");
});

test("a recycled pid is never taken for a container", async (t) => {
  const directory = temporaryDirectory();
  const first = openRuntime(directory, t);
  const record = await first.start(containerConfig(directory, ["sleep", "60"]));
  await first.close();
  // The record now names this very test process, with another start time.
  const file = join(directory, "pods", record.config.pod.uid, "containers", "main", "0.json");
  const stored = JSON.parse(readFileSync(file, "utf8")) as ContainerRecord;
  writeFileSync(file, JSON.stringify({ ...stored, process: { pid: process.pid, startTime: "1" } }));
  const second = openRuntime(directory, t);
  assert.equal(recordOf(second, record.id).exit!.reason, "ContainerStatusUnknown");
  // What carries the container's id was ours, and is gone.
  await eventually(() => !isAlive(record.process), "the stray's end");
});

test("a container over its memory limit is OOMKilled", async (t) => {
  const directory = temporaryDirectory();
  const runtime = openRuntime(directory, t);
  const script = "const all = []; setInterval(() => all.push(Buffer.alloc(8 << 20, 1)), 5)";
  const { id } = await runtime.start(containerConfig(directory, ["node", "-e", script], { memoryLimitBytes: 128 << 20 }));
  const exit = await ended(runtime, id);
  assert.equal(exit.code, 137);
  assert.equal(exit.reason, "OOMKilled");
});

test("a full JavaScript heap under a memory limit is OOMKilled too", async (t) => {
  const directory = temporaryDirectory();
  const runtime = openRuntime(directory, t);
  const script = "const all = []; for (;;) all.push(new Array(1000).fill(Math.random()))";
  const { id } = await runtime.start(
    containerConfig(directory, ["node", "--max-old-space-size=16", "-e", script], { memoryLimitBytes: 4 * 2 ** 30 }),
  );
  const exit = await ended(runtime, id);
  assert.equal(exit.code, 137);
  assert.equal(exit.reason, "OOMKilled");
});

test("the termination message comes from its file, or from the log where the spec says so", async (t) => {
  const directory = temporaryDirectory();
  const runtime = openRuntime(directory, t);
  const file = join(directory, "message");
  const told = await runtime.start(containerConfig(directory, ["sh", "-c", `printf why > ${file}`], { terminationMessagePath: file }));
  assert.equal((await ended(runtime, told.id)).message, "why");
  const logged = await runtime.start(
    containerConfig(directory, ["sh", "-c", "echo broken; exit 1"], { name: "other", terminationMessagePolicy: "FallbackToLogsOnError" }),
  );
  assert.equal((await ended(runtime, logged.id)).message, "broken\n");
});

test("rotation loses nothing while the container writes on", async (t) => {
  const directory = temporaryDirectory();
  const runtime = openRuntime(directory, t, 200_000);
  const script = `
    let n = 0;
    const more = () => {
      let lines = "";
      for (let i = 0; i < 50; i++) lines += "line " + n++ + "\\n";
      process.stdout.write(lines);
      if (require("fs").existsSync("enough")) console.log("end " + n);
      else setTimeout(more, 1);
    };
    more();`;
  const { id } = await runtime.start(containerConfig(directory, ["node", "-e", script]));
  const reading = logOf(runtime, id, { follow: true });
  await eventually(() => runtime.logFile(id).rotations > 0, "a rotation");
  writeFileSync(join(directory, "enough"), "");
  const lines = (await reading).trimEnd().split("\n");
  const total = Number(lines.pop()!.slice("end ".length));
  assert.deepEqual(lines, Array.from({ length: total }, (_, i) => `line ${i}`));
});

test("following ends with the container; tail, since, timestamps and limit choose what is shown", async (t) => {
  const directory = temporaryDirectory();
  const runtime = openRuntime(directory, t);
  const { id } = await runtime.start(containerConfig(directory, ["sh", "-c", "for i in 1 2 3 4 5; do echo line $i; done; sleep 0.2; echo last"]));
  assert.equal(await logOf(runtime, id, { follow: true, tailLines: 2 }).then((log) => log.endsWith("last\n")), true);
  assert.equal(await logOf(runtime, id, { tailLines: 2 }), "line 5\nlast\n");
  assert.equal(await logOf(runtime, id, { tailLines: 0 }), "");
  assert.equal(await logOf(runtime, id, { limitBytes: 9 }), "line 1\nli");
  assert.match(await logOf(runtime, id, { timestamps: true, tailLines: 1 }), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z last\n$/);
  assert.equal(await logOf(runtime, id, { sinceTime: new Date(Date.now() + 60_000).toISOString() }), "");
  assert.equal((await logOf(runtime, id, { sinceSeconds: 60 })).split("\n").length, 7);
});

async function exec(runtime: ContainerRuntime, id: string, command: string[], input?: string, signal = new AbortController().signal) {
  const streams = { stdin: input === undefined ? undefined : new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  streams.stdin?.end(input);
  const [result, stdout, stderr] = await Promise.all([
    runtime.exec(id, { command, tty: false, streams, signal }).finally(() => {
      streams.stdout.end();
      streams.stderr.end();
    }),
    text(streams.stdout),
    text(streams.stderr),
  ]);
  return { ...result, stdout, stderr };
}

test("exec runs with the container's environment and directory, and gives its exact exit code", async (t) => {
  const directory = temporaryDirectory();
  const runtime = openRuntime(directory, t);
  const base = containerConfig(directory, []);
  const { id } = await runtime.start({ ...base, argv: ["sleep", "60"], env: { ...base.env, GREETING: "hello" } });
  assert.deepEqual(await exec(runtime, id, ["sh", "-c", "echo $GREETING; pwd; cat; echo oops >&2; exit 42"], "typed\n"), {
    exitCode: 42,
    stdout: `hello\n${directory}\ntyped\n`,
    stderr: "oops\n",
  });
  const missing = await exec(runtime, id, ["nothing-of-this-name"]);
  assert.equal(missing.exitCode, 127);
  assert.match(missing.error!, /executable file not found/);
});

test("exec is killed when its caller goes", async (t) => {
  const directory = temporaryDirectory();
  const runtime = openRuntime(directory, t);
  const { id } = await runtime.start(containerConfig(directory, ["sleep", "60"]));
  const caller = new AbortController();
  const run = exec(runtime, id, ["sh", "-c", "sleep 60"], undefined, caller.signal);
  caller.abort();
  assert.equal((await run).exitCode, 137);
});

test("exec with a terminal has one, of the client's size", async (t) => {
  const directory = temporaryDirectory();
  const runtime = openRuntime(directory, t);
  const { id } = await runtime.start(containerConfig(directory, ["sleep", "60"]));
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  let seen = "";
  stdout.on("data", (chunk: Buffer) => (seen += chunk.toString()));
  async function* sizes() {
    yield { width: 132, height: 43 };
  }
  const run = runtime.exec(id, { command: ["sh"], tty: true, streams: { stdin, stdout, resize: sizes() }, signal: new AbortController().signal });
  stdin.write("stty size; exit 7\n");
  assert.equal((await run).exitCode, 7);
  assert.match(seen, /43 132/);
});

test("a container with a terminal logs what it shows and takes what is typed", async (t) => {
  const directory = temporaryDirectory();
  const runtime = openRuntime(directory, t);
  const { id } = await runtime.start(containerConfig(directory, ["sh", "-c", "tty; read name; stty size; echo hello $name; exit 3"], { tty: true, stdin: true }));
  await eventually(async () => (await logOf(runtime, id)).includes("/dev/"), "the terminal's name");
  runtime.resize(id, 100, 30);
  runtime.stdin(id)!.write("joe\n");
  assert.equal((await ended(runtime, id)).code, 3);
  const log = await logOf(runtime, id);
  assert.match(log, /30 100\r\n/);
  assert.match(log, /hello joe\r\n/);
});

test("kubectl cp's tar goes both ways in mounts, reads the image, and refuses to write to it", async (t) => {
  const directory = temporaryDirectory();
  const runtime = openRuntime(directory, t);
  const data = temporaryDirectory();
  writeFileSync(join(data, "a.txt"), "hello");
  writeFileSync(join(directory, "main.cjs"), "code");
  const { id } = await runtime.start(containerConfig(directory, ["sleep", "60"], { mounts: [{ path: "/data", hostPath: data }] }));

  const out = new PassThrough();
  const archive: Buffer[] = [];
  out.on("data", (chunk: Buffer) => archive.push(chunk));
  const signal = new AbortController().signal;
  assert.deepEqual(await runtime.exec(id, { command: ["tar", "cf", "-", "/data/a.txt"], tty: false, streams: { stdout: out }, signal }), { exitCode: 0 });
  assert.equal(execFileSync("tar", ["tf", "-"], { input: Buffer.concat(archive), encoding: "utf8" }), "data/a.txt\n");

  const input = execFileSync("tar", ["cf", "-", "-C", data, "a.txt", "--transform", "s/a/b/"]);
  const stdin = new PassThrough();
  stdin.end(input);
  assert.deepEqual(await runtime.exec(id, { command: ["tar", "-xmf", "-", "-C", "/data"], tty: false, streams: { stdin }, signal }), { exitCode: 0 });
  assert.ok(existsSync(join(data, "b.txt")));

  const refused = await exec(runtime, id, ["tar", "-xmf", "-", "-C", "/"], "");
  assert.equal(refused.exitCode, 2);
  assert.match(refused.stderr, /Read-only file system/);
  assert.equal((await exec(runtime, id, ["cat", "/main.cjs"])).stdout, "code");
});

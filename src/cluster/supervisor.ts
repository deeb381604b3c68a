/**
 * The process that `up` leaves behind: it starts the daemon, starts it again when it crashes, as
 * systemd does with a kubelet, and passes signals and progress on. Of the daemon's state it knows
 * the ports alone, so that it can't fail for the daemon's reasons.
 *
 * When it is killed itself, the daemon starts another one (`successor.ts`), which is given the running
 * daemon's identity and watches that one first.
 */
import { fork, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { identify, signal, type ProcessIdentity } from "#lib/process.ts";
import { readRecord, removeRecord, writeRecord } from "./instance.ts";
import { EXIT, type Progress } from "./progress.ts";
import type { DaemonOptions } from "./daemon.ts";

const RESTART_DELAY_MS = { first: 100, most: 10_000 };
/** So many crashes before the cluster was ever ready: it won't be, and someone waits to hear it. */
const GIVE_UP_AFTER = 5;
const LOOK_FOR_DATA_EVERY_MS = 2_000;
/** A daemon that ran this long starts with a fresh back-off when it crashes. */
const HEALTHY_AFTER_MS = 60_000;

let options = JSON.parse(process.argv[2]!) as DaemonOptions;
const { dataDir } = options;
/** The daemon that is there already: this process's parent. */
let adopted = process.argv[3] === undefined ? undefined : (JSON.parse(process.argv[3]) as ProcessIdentity);
const daemonFile = fileURLToPath(new URL("./daemon.ts", import.meta.url));

let daemon: ChildProcess | undefined;
let stopping = false;
let delayMs = RESTART_DELAY_MS.first;

if (adopted) recordMyself();
for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, stop);
process.on("SIGHUP", () => undefined);
let ready = adopted !== undefined;
let recorded = false;
let crashes = 0;
process.on("disconnect", () => {
  if (adopted) adoptedEnded();
  // The one who waits for the first start has gone before it was done, or the one in the foreground at any time: nobody wants it any more.
  else if (!ready || options.foreground) stop();
});
// Deleting the data directory by hand leaves a cluster that no command finds any more: it ends by itself.
setInterval(() => !existsSync(dataDir) && stop(), LOOK_FOR_DATA_EVERY_MS).unref();
if (!adopted) start();

/** A daemon that ended in good order has taken its record away; any other end is a crash. */
function adoptedEnded(): void {
  const { pid } = adopted!;
  adopted = undefined;
  if (!stopping && readRecord(dataDir, "daemon")?.process.pid === pid) return startAgain(`process ${pid}`);
  removeRecord(dataDir, "supervisor", process.pid);
  process.exit(EXIT.stopped);
}

function recordMyself(): void {
  writeRecord(dataDir, "supervisor", { process: identify(process.pid)! });
}

function start(): void {
  const startedAt = Date.now();
  daemon = fork(daemonFile, [JSON.stringify(options)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  daemon.on("message", (message) => {
    const progress = message as Progress;
    // From here on the data directory is this daemon's: of two starts at once, the other one is refused.
    if (progress.type === "step" && !recorded) {
      recorded = true;
      recordMyself();
    }
    if (progress.type === "ready") {
      ready = true;
      // Its users find it where it was, also on ports that were any free ones.
      options = { ...options, ports: progress.ports };
    }
    if (process.connected) process.send!(progress);
  });
  daemon.on("exit", (code, killedBy) => {
    const meant = code !== null && (Object.values(EXIT) as number[]).includes(code);
    const hopeless = !ready && ++crashes === GIVE_UP_AFTER;
    if (meant || stopping || hopeless) {
      removeRecord(dataDir, "supervisor", process.pid);
      process.exit(hopeless ? EXIT.failed : (code ?? EXIT.stopped));
    }
    if (Date.now() - startedAt > HEALTHY_AFTER_MS) delayMs = RESTART_DELAY_MS.first;
    startAgain(killedBy ?? `code ${code}`);
  });
}

function startAgain(why: string): void {
  process.stderr.write(
    `${JSON.stringify({ time: new Date().toISOString(), level: "error", component: "supervisor", message: `the daemon ended (${why}); starting it again in ${delayMs} ms` })}\n`,
  );
  setTimeout(start, delayMs);
  delayMs = Math.min(delayMs * 2, RESTART_DELAY_MS.most);
}

function stop(): void {
  if (stopping) return;
  stopping = true;
  if (adopted) signal(adopted, "SIGTERM");
  else if (daemon && daemon.exitCode === null && daemon.signalCode === null) daemon.kill("SIGTERM");
  else {
    removeRecord(dataDir, "supervisor", process.pid);
    process.exit(EXIT.stopped);
  }
}

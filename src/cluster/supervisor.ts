/**
 * The process that `up` leaves behind: it starts the daemon, starts it again when it crashes, as
 * systemd does with a kubelet, and passes signals and progress on. Of the daemon's state it knows
 * the ports alone, so that it can't fail for the daemon's reasons.
 */
import { fork, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { identify } from "#lib/process.ts";
import { removeRecord, writeRecord } from "./instance.ts";
import { EXIT, type Progress } from "./progress.ts";
import type { ClusterOptions } from "./cluster.ts";

const RESTART_DELAY_MS = { first: 100, most: 10_000 };
/** So many crashes before the cluster was ever ready: it won't be, and someone waits to hear it. */
const GIVE_UP_AFTER = 5;
const LOOK_FOR_DATA_EVERY_MS = 2_000;
/** A daemon that ran this long starts with a fresh back-off when it crashes. */
const HEALTHY_AFTER_MS = 60_000;

let options = JSON.parse(process.argv[2]!) as ClusterOptions;
const { dataDir } = options;
const daemonFile = fileURLToPath(new URL("./daemon.ts", import.meta.url));

let daemon: ChildProcess | undefined;
let stopping = false;
let delayMs = RESTART_DELAY_MS.first;

writeRecord(dataDir, "supervisor", { process: identify(process.pid)! });
for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, stop);
process.on("SIGHUP", () => undefined);
// The one who waits for the first start has gone before it was done: nobody wants it any more.
let ready = false;
let crashes = 0;
process.on("disconnect", () => !ready && stop());
// Deleting the data directory by hand leaves a cluster that no command finds any more: it ends by itself.
setInterval(() => !existsSync(dataDir) && stop(), LOOK_FOR_DATA_EVERY_MS).unref();
start();

function start(): void {
  const startedAt = Date.now();
  daemon = fork(daemonFile, [JSON.stringify(options)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  daemon.on("message", (message) => {
    const progress = message as Progress;
    if (progress.type === "ready") {
      ready = true;
      // Its users find it where it was, also on ports that were any free ones.
      options = { ...options, ports: progress.ports };
    }
    if (process.connected) process.send!(progress);
  });
  daemon.on("exit", (code, signal) => {
    const meant = code !== null && (Object.values(EXIT) as number[]).includes(code);
    const hopeless = !ready && ++crashes === GIVE_UP_AFTER;
    if (meant || stopping || hopeless) {
      removeRecord(dataDir, "supervisor");
      process.exit(hopeless ? EXIT.failed : (code ?? EXIT.stopped));
    }
    if (Date.now() - startedAt > HEALTHY_AFTER_MS) delayMs = RESTART_DELAY_MS.first;
    process.stderr.write(
      `${JSON.stringify({ time: new Date().toISOString(), level: "error", component: "supervisor", message: `the daemon ended (${signal ?? `code ${code}`}); starting it again in ${delayMs} ms` })}\n`,
    );
    setTimeout(start, delayMs);
    delayMs = Math.min(delayMs * 2, RESTART_DELAY_MS.most);
  });
}

function stop(): void {
  if (stopping) return;
  stopping = true;
  if (daemon && daemon.exitCode === null && daemon.signalCode === null) daemon.kill("SIGTERM");
  else {
    removeRecord(dataDir, "supervisor");
    process.exit(EXIT.stopped);
  }
}

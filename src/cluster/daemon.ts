/** The daemon's process: runs one cluster until it is told to stop. */
import { jsonLogger, errorMessage } from "#lib/log.ts";
import { systemClock } from "#lib/clock.ts";
import { identify } from "#lib/process.ts";
import { commandFor } from "./command-line.ts";
import { startCluster, type Cluster, type ClusterOptions } from "./cluster.ts";
import { lockDataDirectory, readInstance, removeRecord, writeRecord } from "./instance.ts";
import { createDirectories, dataPaths } from "./paths.ts";
import { EXIT, type Progress } from "./progress.ts";
import { Refusal } from "./refusal.ts";
import { keepSupervised } from "./successor.ts";
import { VERSION } from "./version.ts";

export interface DaemonOptions extends ClusterOptions {
  /** Whether somebody waits in front of it: then it ends when they do. */
  foreground: boolean;
}

const options = JSON.parse(process.argv[2]!) as DaemonOptions;
const log = jsonLogger((line) => process.stdout.write(line), () => Date.now(), "daemon");
const abort = new AbortController();
let cluster: Cluster | undefined;

process.on("SIGTERM", () => abort.abort(new Error("stopped")));
process.on("SIGINT", () => abort.abort(new Error("stopped")));
process.on("SIGHUP", () => undefined);
// Its supervisor is gone before anything runs, or for good: nobody waits for it any more.
let ready = false;
process.on("disconnect", () => (!ready || options.foreground) && abort.abort(new Error("the supervisor is gone")));
process.on("unhandledRejection", (error) => {
  log.error("a promise was rejected and nobody handled it", { error: error instanceof Error ? error.stack : String(error) });
});

process.exitCode = await run();
process.exit();

async function run(): Promise<number> {
  createDirectories(dataPaths(options.dataDir));
  const lock = lockDataDirectory(options.dataDir);
  if (!lock) {
    const { daemon } = readInstance(options.dataDir);
    report({
      type: "failed",
      refused: true,
      message: `Tidepool already runs on ${options.dataDir}${daemon ? ` (pid ${daemon.process.pid})` : ""}.\n'${commandFor("status", options.dataDir)}' shows it, '${commandFor("down", options.dataDir)}' stops it; --data DIR starts another one beside it.`,
    });
    return EXIT.refused;
  }
  const process_ = identify(process.pid)!;
  writeRecord(options.dataDir, "daemon", { process: process_, state: "starting", version: VERSION });
  try {
    cluster = await startCluster(options, {
      clock: systemClock,
      rng: Math.random,
      log,
      report,
      signal: abort.signal,
      onServing: (urls) => writeRecord(options.dataDir, "daemon", { process: process_, state: "starting", version: VERSION, urls }),
    });
    writeRecord(options.dataDir, "daemon", { process: process_, state: "running", version: VERSION, urls: cluster.urls });
    ready = true;
    if (!options.foreground) keepSupervised({ options: { ...options, ports: cluster.ports }, clock: systemClock, log, signal: abort.signal });
    report({ type: "ready", urls: cluster.urls, ports: cluster.ports, tookMs: cluster.tookMs, notes: cluster.notes, problems: cluster.problems });
    if (!abort.signal.aborted) await new Promise((resolve) => abort.signal.addEventListener("abort", resolve, { once: true }));
    log.info("stopping");
    await cluster.stop();
    log.info("stopped");
    return EXIT.stopped;
  } catch (error) {
    if (abort.signal.aborted) return EXIT.stopped;
    log.error("the cluster did not start", { error: error instanceof Error ? error.stack : String(error) });
    report({ type: "failed", message: errorMessage(error), refused: error instanceof Refusal });
    return error instanceof Refusal ? EXIT.refused : EXIT.failed;
  } finally {
    removeRecord(options.dataDir, "daemon", process_.pid);
    lock.release();
  }
}

function report(progress: Progress): void {
  if (process.connected) process.send!(progress);
}

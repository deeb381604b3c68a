/** `tidepool up`: starts the supervisor, shows how the start goes, and returns when all is ready. */
import { fork, type ChildProcess } from "node:child_process";
import { accessSync, constants, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { commandFor } from "#cluster/command-line.ts";
import { createDirectories, dataDirectory, dataPaths } from "#cluster/paths.ts";
import { readInstance } from "#cluster/instance.ts";
import { removeLeftovers } from "#cluster/leftovers.ts";
import type { DaemonOptions } from "#cluster/daemon.ts";
import { EXIT, type Progress } from "#cluster/progress.ts";
import { repositoryRoot } from "#cluster/version.ts";
import { CommandFailed } from "../failure.ts";
import { ProgressView } from "../progress-view.ts";

interface Flags {
  data?: string | undefined;
  foreground: boolean;
  httpPort?: number | undefined;
  httpsPort?: number | undefined;
  apiPort?: number | undefined;
  registryPort?: number | undefined;
  shop: boolean;
  auditPolicy?: string | undefined;
}

export async function up(flags: Flags): Promise<void> {
  const dataDir = dataDirectory(flags.data);
  const running = readInstance(dataDir);
  if (running.supervisor || running.daemon) {
    const shop = running.daemon?.state === "running" ? running.daemon.urls?.shop : undefined;
    throw new CommandFailed(
      `Tidepool already runs on ${dataDir} (pid ${(running.daemon ?? running.supervisor)!.process.pid})${shop ? `; the shop is at ${shop}` : ""}.\n` +
        `'${commandFor("status", dataDir)}' shows it, '${commandFor("down", dataDir)}' stops it; --data DIR starts another one beside it.`,
    );
  }
  const options: DaemonOptions = {
    dataDir,
    ports: { http: flags.httpPort, https: flags.httpsPort, api: flags.apiPort, registry: flags.registryPort },
    shop: flags.shop,
    auditPolicy: flags.auditPolicy === undefined ? undefined : await (await import("#cluster/audit.ts")).readAuditPolicy(flags.auditPolicy),
    foreground: flags.foreground,
  };
  createDirectories(dataPaths(dataDir));
  const logFile = join(dataPaths(dataDir).logs, "tidepool.log");
  const log = openSync(logFile, "a", 0o600);
  const supervisor = fork(fileURLToPath(new URL("../../cluster/supervisor.ts", import.meta.url)), [JSON.stringify(options)], {
    // Its own session: a Ctrl-C in this terminal reaches this command alone, which then decides.
    detached: true,
    stdio: ["ignore", log, log, "ipc"],
    env: { ...process.env, NODE_COMPILE_CACHE: compileCacheDirectory(dataDir) },
  });
  await followStart(supervisor, dataDir, logFile, flags.foreground);
}

/** Where V8 keeps what it made of our own sources: beside them, for all clusters, or with the state where that can't be written. */
function compileCacheDirectory(dataDir: string): string {
  try {
    accessSync(repositoryRoot, constants.W_OK);
    return join(repositoryRoot, "generated", "compile-cache");
  } catch {
    return join(dataPaths(dataDir).cache, "compile");
  }
}

/** Shows progress until the cluster is ready (or, in the foreground, until it ends). */
async function followStart(supervisor: ChildProcess, dataDir: string, logFile: string, foreground: boolean): Promise<void> {
  const view = new ProgressView(process.stdout);
  let failure: Progress & { type: "failed" } | undefined;
  let interrupted = false;
  const interrupt = (): void => {
    if (!interrupted) view.line("Stopping ...");
    interrupted = true;
    supervisor.kill("SIGTERM");
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);

  const exitCode = await new Promise<number | undefined>((resolve, reject) => {
    supervisor.on("error", reject);
    supervisor.on("exit", (code, signal) => resolve(code ?? (signal ? 1 : 0)));
    supervisor.on("message", (message) => {
      const progress = message as Progress;
      if (progress.type === "step") view.step(progress);
      else if (progress.type === "failed") failure = progress;
      else {
        view.done();
        printReady(view, progress, dataDir);
        if (progress.problems.length > 0) process.exitCode = 1;
        if (!foreground && !interrupted) resolve(undefined);
      }
    });
  });

  process.off("SIGINT", interrupt);
  process.off("SIGTERM", interrupt);
  view.done();
  if (exitCode === undefined) {
    supervisor.disconnect();
    supervisor.unref();
    return;
  }
  if (interrupted) {
    // What it had no time to clear away; unless another start, which this one lost against, has the directory.
    if (!readInstance(dataDir).daemon) await removeLeftovers(dataDir);
    view.line("Stopped; nothing is left running.");
    if (!foreground) process.exitCode = 130;
    return;
  }
  if (failure) throw new CommandFailed(failure.refused ? failure.message : `The cluster did not start: ${failure.message}\nThe log is ${logFile}.`);
  if (exitCode === EXIT.stopped && !foreground) throw new CommandFailed("Stopped by 'down' before it was ready; nothing is left running.");
  if (exitCode !== EXIT.stopped) throw new CommandFailed(`The cluster ended unexpectedly (code ${exitCode}). The last lines of ${logFile}:\n${lastLines(logFile, 5)}`);
}

function printReady(view: ProgressView, { urls, tookMs, notes, problems }: Progress & { type: "ready" }, dataDir: string): void {
  view.line("");
  for (const problem of problems) view.line(`! ${problem}`);
  view.line(problems.length > 0 ? `The cluster runs, but not all of it came up (${(tookMs / 1000).toFixed(1)} s).` : `Ready in ${(tookMs / 1000).toFixed(1)} s.`);
  view.line("");
  if (urls.shop) view.line(`  Shop        ${urls.shop}${urls.shopTls ? `   ${urls.shopTls}` : ""}`);
  view.line(`  API server  ${urls.apiServer}`);
  view.line(`  Registry    ${urls.registry}`);
  for (const note of notes) view.line(`  ${note}`);
  view.line("");
  view.line("Next:");
  view.line(`  export KUBECONFIG=$(${commandFor("kubeconfig --path", dataDir)})`);
  if (urls.shop) {
    view.line("  kubectl -n shop get pods -o wide");
    view.line(`  kubectl -n shop set image deployment/order-service order-service=localhost:5002/shop/order-service:v2   # and watch ${urls.shop}`);
  } else {
    view.line("  kubectl get nodes");
    view.line(`  ${commandFor("status", dataDir)}`);
  }
}

function lastLines(file: string, count: number): string {
  try {
    return readFileSync(file, "utf8").trimEnd().split("\n").slice(-count).join("\n");
  } catch (error) {
    return (error as Error).message;
  }
}

/** `tidepool down`: stops every process of the instance; the state stays. */
import { setTimeout as delay } from "node:timers/promises";
import { isAlive, signal, type ProcessIdentity } from "#lib/process.ts";
import { commandFor } from "#cluster/command-line.ts";
import { dataDirectory } from "#cluster/paths.ts";
import { readInstance } from "#cluster/instance.ts";
import { removeLeftovers } from "#cluster/leftovers.ts";
import { CommandFailed } from "../failure.ts";

const PATIENCE_MS = 60_000;

export async function down(flags: { data?: string | undefined }): Promise<void> {
  process.stdout.write(`${await stopInstance(dataDirectory(flags.data))}\n`);
}

/** Stops an instance, however much of it still runs; says what was done. */
export async function stopInstance(dataDir: string): Promise<string> {
  const { supervisor, daemon } = readInstance(dataDir);
  // The supervisor passes the signal on and ends after its daemon; a daemon that lost it is told itself.
  if (supervisor) signal(supervisor.process, "SIGTERM");
  else if (daemon) signal(daemon.process, "SIGTERM");
  for (const process of [supervisor?.process, daemon?.process]) if (process) await waitForEnd(process);
  // What a killed daemon left behind: containers that still run, sockets in the temporary directory.
  const leftovers = await removeLeftovers(dataDir);
  if (!supervisor && !daemon) return leftovers > 0 ? `Tidepool did not run on ${dataDir}; ended ${leftovers} left-over container(s).` : `Tidepool does not run on ${dataDir}.`;
  return `Stopped. The state stays in ${dataDir}; '${commandFor("up", dataDir)}' continues from it, '${commandFor("reset", dataDir)}' deletes it.`;
}

async function waitForEnd(process: ProcessIdentity): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (isAlive(process)) {
    if (Date.now() > deadline) throw new CommandFailed(`Process ${process.pid} did not end within ${PATIENCE_MS / 1000} s. 'npx tidepool logs' may say why; 'kill -9 ${process.pid}' ends it.`);
    await delay(25);
  }
}

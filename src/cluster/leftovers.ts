/** Containers as the disk knows them: for `status`, and for `down` after the daemon was killed and left them running. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isAlive, type ProcessIdentity } from "#lib/process.ts";
import { ContainerStore } from "#kubelet/container-store.ts";
import { chooseSocketDirectory } from "#net/sockets.ts";
import { dataPaths } from "./paths.ts";

export interface RunningContainer {
  pid: number;
  process: ProcessIdentity;
  /** The leader of its process group. */
  leader: ProcessIdentity;
  namespace: string;
  pod: string;
  container: string;
}

/** How long left-over containers get to end by themselves. */
const GRACE_MS = 5_000;

/** The containers whose process runs. */
export function listContainers(dataDir: string): RunningContainer[] {
  return new ContainerStore(dataPaths(dataDir).pods)
    .readAll(() => undefined)
    .filter(({ process, exit }) => exit === undefined && isAlive(process))
    .map(({ process, monitor, config }) => ({ pid: process!.pid, process: process!, leader: monitor ?? process!, namespace: config.pod.namespace, pod: config.pod.name, container: config.name }));
}

/** The directory of an instance's sockets, inside or (when its path is too long) outside of the data directory. */
export function socketDirectory(dataDir: string): string {
  return chooseSocketDirectory(dataDir, tmpdir(), process.getuid?.() ?? 0);
}

/** Ends containers that outlived their daemon and removes the instance's sockets; returns how many containers it ended. */
export async function removeLeftovers(dataDir: string): Promise<number> {
  const containers = listContainers(dataDir);
  for (const { leader } of containers) signalGroup(leader, "SIGTERM");
  const deadline = Date.now() + GRACE_MS;
  while (containers.some(({ process, leader }) => isAlive(process) || isAlive(leader)) && Date.now() < deadline) await delay(25);
  for (const { leader } of containers) signalGroup(leader, "SIGKILL");
  removeSockets(dataDir);
  return containers.length;
}

/** A container has a process group of its own: the signal reaches its children too. */
function signalGroup(process_: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isAlive(process_)) return;
  try {
    process.kill(-process_.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Sockets, and links to them; what else is in their directory is the network's memory, and stays. */
function removeSockets(dataDir: string): void {
  const directory = socketDirectory(dataDir);
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isSocket() || entry.isSymbolicLink()) rmSync(join(directory, entry.name), { force: true });
  }
}

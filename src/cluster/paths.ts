/** Where an instance keeps its state: one directory, and nothing outside it. */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";
import { Refusal } from "./refusal.ts";

export interface DataPaths {
  root: string;
  /** Certificates and keys. */
  pki: string;
  kubeconfig: string;
  store: string;
  /** Blobs and manifests of the registry. */
  registry: string;
  /** Unpacked images. */
  images: string;
  pods: string;
  /** Persistent volumes. */
  volumes: string;
  /** Process identities and locks. */
  run: string;
  logs: string;
  /** What can be thrown away: bundles, compile caches. */
  cache: string;
}

/** The data directory in force: the flag, else TIDEPOOL_DATA, else ~/.tidepool. */
export function dataDirectory(flag: string | undefined): string {
  return resolve(flag ?? (process.env["TIDEPOOL_DATA"] || join(homedir(), ".tidepool")));
}

export function dataPaths(root: string): DataPaths {
  return {
    root,
    pki: join(root, "pki"),
    kubeconfig: join(root, "kubeconfig"),
    store: join(root, "store.db"),
    registry: join(root, "registry"),
    images: join(root, "images"),
    pods: join(root, "pods"),
    volumes: join(root, "volumes"),
    run: join(root, "run"),
    logs: join(root, "logs"),
    cache: join(root, "cache"),
  };
}

/**
 * Creates the directories, readable by their owner alone. Throws a {@link Refusal} when that can't be,
 * or when other files are there: `reset` would delete them with ours.
 */
export function createDirectories(paths: DataPaths): void {
  const directories = [paths.root, paths.pki, paths.run, paths.registry, paths.images, paths.pods, paths.volumes, paths.logs, paths.cache];
  try {
    const foreign = isDataDirectory(paths) ? undefined : firstForeignFile(paths);
    if (foreign) throw new Refusal(`${paths.root} holds other files ("${foreign}", for one), and 'tidepool reset' would delete them. Choose a new or an empty directory with --data DIR.`);
    for (const directory of directories) mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(`${paths.root} can't be the data directory: ${(error as Error).message}. Choose another one with --data DIR.`);
  }
}

/** Whether an instance keeps (or kept) its state here. */
export function isDataDirectory(paths: DataPaths): boolean {
  return existsSync(paths.run) && existsSync(paths.pki);
}

/** `lost+found` is what an empty volume holds. */
function firstForeignFile(paths: DataPaths): string | undefined {
  const own = new Set([...Object.values(paths as unknown as Record<string, string>).map((path) => basename(path)), "lost+found"]);
  return existsSync(paths.root) ? readdirSync(paths.root).find((name) => !own.has(name)) : undefined;
}

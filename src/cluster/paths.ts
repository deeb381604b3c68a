/** Where an instance keeps its state: one directory, and nothing outside it. */
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

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
  return resolve(flag ?? process.env["TIDEPOOL_DATA"] ?? join(homedir(), ".tidepool"));
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

/** Creates the directories, readable by their owner alone. */
export function createDirectories(paths: DataPaths): void {
  for (const directory of [paths.root, paths.pki, paths.registry, paths.images, paths.pods, paths.volumes, paths.run, paths.logs, paths.cache]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }
}

/**
 * Where attempts of containers are on disk: `<pods>/<uid>/containers/<name>/<attempt>.json` beside
 * its log. A record is replaced whole or not at all, so that a new daemon finds what the old one knew.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ContainerConfig, ContainerRecord } from "./runtime.ts";

export class ContainerStore {
  readonly #podsDirectory: string;

  constructor(podsDirectory: string) {
    this.#podsDirectory = podsDirectory;
  }

  /** The directory of all attempts of a container; made when it isn't there. */
  directory(config: ContainerConfig): string {
    const directory = join(this.#podsDirectory, config.pod.uid, "containers", config.name);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return directory;
  }

  logPath(config: ContainerConfig): string {
    return join(this.#podsDirectory, config.pod.uid, "containers", config.name, `${config.attempt}.log`);
  }

  /** Where a monitor writes the exit code. */
  exitPath(config: ContainerConfig): string {
    return join(this.#podsDirectory, config.pod.uid, "containers", config.name, `${config.attempt}.exit`);
  }

  write(record: ContainerRecord): void {
    const file = join(this.directory(record.config), `${record.config.attempt}.json`);
    // It holds the container's environment, secrets among it.
    writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  remove(record: ContainerRecord): void {
    const directory = join(this.#podsDirectory, record.config.pod.uid, "containers", record.config.name);
    const prefix = `${record.config.attempt}.`;
    for (const name of list(directory)) if (name.startsWith(prefix)) rmSync(join(directory, name), { force: true });
  }

  /** Every record on disk, oldest attempt first per container. `onBroken` hears of files that can't be read. */
  readAll(onBroken: (file: string, error: unknown) => void): ContainerRecord[] {
    const records: ContainerRecord[] = [];
    for (const uid of list(this.#podsDirectory)) {
      for (const name of list(join(this.#podsDirectory, uid, "containers"))) {
        const directory = join(this.#podsDirectory, uid, "containers", name);
        const attempts = list(directory)
          .filter((file) => /^\d+\.json$/.test(file))
          .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
        for (const file of attempts) {
          try {
            records.push(JSON.parse(readFileSync(join(directory, file), "utf8")) as ContainerRecord);
          } catch (error) {
            onBroken(join(directory, file), error);
          }
        }
      }
    }
    return records;
  }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}

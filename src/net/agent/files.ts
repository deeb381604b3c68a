/** node:fs with the container's mounts: synchronous, callback and promise functions, and the streams built on them. */
import fs from "node:fs";
import { Module } from "node:module";
import { hasMounts, mapPath, unmapPath } from "./mounts.ts";
import { replace, type AnyFunction } from "./patch.ts";

/** The functions whose first argument is a path ... */
const FIRST = [
  ..."access appendFile chmod chown createReadStream createWriteStream exists lchmod lchown lstat lutimes mkdir mkdtemp".split(" "),
  ..."open openAsBlob opendir readFile readdir readlink realpath rm rmdir stat statfs truncate unlink unwatchFile utimes watch".split(" "),
  ..."watchFile writeFile mkdtempDisposable".split(" "),
];
/** ... the first two ... */
const BOTH = ["copyFile", "cp", "link", "rename"];
/** ... and the second: a symbolic link's target stays as written. */
const SECOND = ["symlink"];
/** Those that answer with a path. */
const ANSWERS = new Set(["realpath", "mkdtemp", "realpathSync", "mkdtempSync"]);

export function patchFiles(): void {
  if (!hasMounts()) return;
  for (const target of [fs, fs.promises]) {
    for (const name of FIRST) patch(target, name, [0]);
    for (const name of BOTH) patch(target, name, [0, 1]);
    for (const name of SECOND) patch(target, name, [1]);
  }
  for (const realpath of [fs.realpath, fs.realpathSync]) {
    replace(realpath, "native", (original) => wrap(original, [0], true));
  }
  replace(process, "chdir", (original) => wrap(original, [0], false));
  // Modules below a mount: require("/etc/config/routes.js").
  replace(Module, "_resolveFilename", (original) => wrap(original, [0], false));
}

function patch(target: object, name: string, positions: number[]): void {
  for (const variant of [name, `${name}Sync`]) replace(target, variant, (original) => wrap(original, positions, ANSWERS.has(variant)));
}

function wrap(original: AnyFunction, positions: number[], answers: boolean): AnyFunction {
  return function (this: unknown, ...args: unknown[]): unknown {
    let mapped = false;
    for (const position of positions) {
      const at = mapPath(args[position]);
      if (at === args[position]) continue;
      args[position] = at;
      mapped = true;
    }
    if (!mapped) return original.apply(this, args);
    const last = args.at(-1);
    if (typeof last === "function") {
      args[args.length - 1] = function (this: unknown, error: unknown, result: unknown, ...rest: unknown[]): unknown {
        return (last as AnyFunction).call(this, asInside(error), answers ? inside(result) : result, ...rest);
      };
    }
    try {
      const result = original.apply(this, args) as unknown;
      if (result instanceof Promise) return result.then((value: unknown) => (answers ? inside(value) : value), (error: unknown) => Promise.reject(asInside(error) as Error));
      return answers ? inside(result) : result;
    } catch (error) {
      throw asInside(error);
    }
  };
}

function inside(result: unknown): unknown {
  return typeof result === "string" ? unmapPath(result) : result;
}

/** Errors speak of the paths that the program knows. */
function asInside(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const known = error as NodeJS.ErrnoException & { dest?: string };
  for (const key of ["path", "dest"] as const) {
    const host = known[key];
    if (typeof host !== "string") continue;
    known[key] = unmapPath(host);
    known.message = known.message.replace(host, known[key]);
  }
  return error;
}

/** The repository's own files, for tests of its structure. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../support/tidepool.ts";

const GENERATED = /(^|\/)(node_modules|dist|generated|\.git)(\/|$)/;

/** Paths of files under the root, without what is installed or generated. */
export function filesOf(...patterns: string[]): string[] {
  return globSync(patterns, { cwd: ROOT, exclude: (path) => GENERATED.test(path) }).sort();
}

export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** `path:line` and the line, for every line of the files in which the pattern is found outside comments. */
export function findInCode(paths: string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    withoutComments(textOf(path))
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
}

/** Keeps the line breaks, so that line numbers stay true. */
function withoutComments(code: string): string {
  return code.replaceAll(/\/\*[^]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, " ")).replaceAll(/(^|\s)\/\/.*$/gm, "$1");
}

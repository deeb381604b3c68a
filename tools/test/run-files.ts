/** Runs test files with node:test, each in its own process, and prints one line a file and every failure whole. */
import { globSync } from "node:fs";
import { relative } from "node:path";
import { run } from "node:test";
import { inspect } from "node:util";
import type { Tally } from "./tally.ts";

export interface Selection {
  files: string[];
  /** A part of the names of the tests to run; all when undefined. */
  namePart?: string | undefined;
}

/** The files of some globs that a filter lets through; a filter no path matches selects by test name. */
export function selectFiles(globs: string[], filter: string | undefined): Selection {
  const files = globSync(globs, { exclude: (path) => path.includes("node_modules") }).sort();
  if (filter === undefined) return { files };
  const matching = files.filter((file) => file.includes(filter));
  if (matching.length > 0) return { files: matching };
  return filter.includes("/") || filter.endsWith(".ts") ? { files: [] } : { files, namePart: filter };
}

export async function runTestFiles(
  title: string,
  { files, namePart }: Selection,
  tally: Tally,
  { atOnce, timeoutMs }: { atOnce: number; timeoutMs: number },
): Promise<void> {
  console.log(`\n${title}`);
  const stream = run({
    files,
    concurrency: atOnce,
    timeout: timeoutMs,
    ...(namePart === undefined ? {} : { testNamePatterns: [namePart] }),
  });

  for await (const { type, data } of stream) {
    if (type === "test:pass") {
      const { skip, details } = data;
      if (skip !== undefined) tally.skips.push({ name: data.name, reason: typeof skip === "string" ? skip : "no reason given" });
      else if (details.type !== "suite") tally.passed++;
    } else if (type === "test:fail" && !isEcho(data.details.error)) {
      const where = data.file === undefined ? "" : `${relative(process.cwd(), data.file)}: `;
      tally.failures.push(`${where}${data.name}`);
      if (!isConsequence(data.details.error)) console.log(`  FAILED  ${where}${data.name}\n${indent(inspect(data.details.error.cause ?? data.details.error))}`);
    } else if (type === "test:stderr") {
      process.stderr.write(data.message);
    } else if (type === "test:summary" && data.file !== undefined) {
      const { counts, duration_ms, success } = data;
      if (success && counts.passed + counts.skipped === 0 && namePart !== undefined) continue;
      const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
      console.log(`  ${success ? "ok    " : "FAILED"}  ${relative(process.cwd(), data.file)}  ${counts.passed} passed${skipped}  ${(duration_ms / 1000).toFixed(1)} s`);
    }
  }
}

/** A suite or file that failed only because something in it did: the thing itself is reported. */
function isEcho(error: Error & { failureType?: string }): boolean {
  return error.failureType === "subtestsFailed";
}

/** Not run because what comes before it failed: that is told once. */
function isConsequence(error: Error & { failureType?: string }): boolean {
  return error.failureType === "cancelledByParent";
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "          ");
}

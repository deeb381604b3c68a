/**
 * `npm run bench -- NAME [--json]` runs bench/NAME.ts and prints its figures, each beside its baseline; without a name it
 * lists the benches.
 */
import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Bench, BenchResult, Figure } from "../bench/support/figures.ts";

const directory = join(import.meta.dirname, "../bench");
const names = globSync("*.ts", { cwd: directory })
  .map((file) => basename(file, ".ts"))
  .filter((name) => !name.endsWith(".test"))
  .sort();

const args = process.argv.slice(2);
const json = args.includes("--json");
const [name, ...more] = args.filter((arg) => arg !== "--json");

if (name === undefined) {
  console.log(`npm run bench -- NAME [--json], where NAME is one of:\n${names.map((one) => `  ${one}`).join("\n")}`);
} else if (!names.includes(name) || more.length > 0) {
  console.error(`There is no bench "${[name, ...more].join(" ")}"; there are: ${names.join(", ")}.`);
  process.exitCode = 2;
} else {
  const { default: bench } = (await import(pathToFileURL(join(directory, `${name}.ts`)).href)) as { default: Bench };
  const result = await bench();
  console.log(json ? JSON.stringify(result, undefined, 2) : format(result));
  process.exit(0);
}

function format({ name: title, baseline, figures }: BenchResult): string {
  const rows = [["", "measured", "baseline", "ratio", "aim"], ...figures.map(row)];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const lines = rows.map((cells) => cells.map((cell, column) => (column === 0 || column === 4 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join("   ").trimEnd());
  return [`${title} (baseline: ${baseline})`, "", ...lines].join("\n");
}

function row({ name: what, value, unit, baseline, ratio, aim, holds }: Figure): string[] {
  return [
    what,
    `${readable(value)} ${unit}`.trim(),
    baseline === undefined ? "" : `${readable(baseline)} ${unit}`.trim(),
    ratio === undefined ? "" : ratio.toFixed(2),
    aim === undefined ? "" : `${aim}: ${holds ? "yes" : "NO"}`,
  ];
}

function readable(value: number): string {
  return value !== 0 && Math.abs(value) < 100 ? value.toFixed(2) : Math.round(value).toLocaleString("en");
}

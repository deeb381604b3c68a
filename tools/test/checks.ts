/** The static checks: types, lint, layers, unused code. Each is one entry of the tally. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Tally } from "./tally.ts";

const require = createRequire(import.meta.url);

/** A package's command as a file: node_modules/.bin may hold another package's command of the same name. */
function command(packageName: string, name = packageName): string {
  const manifestFile = join(import.meta.dirname, "../../node_modules", packageName, "package.json");
  const { bin } = JSON.parse(readFileSync(manifestFile, "utf8")) as { bin: string | Record<string, string> };
  return join(dirname(manifestFile), typeof bin === "string" ? bin : bin[name]!);
}

const CHECKS: { name: string; args: () => string[] }[] = [
  { name: "types (tsc)", args: () => [command("typescript", "tsc"), "--noEmit"] },
  { name: "lint (oxlint, type-aware)", args: () => [command("oxlint")] },
  { name: "layers (dependency-cruiser)", args: () => [require.resolve("../layers/check.ts")] },
  { name: "nothing unused (knip)", args: () => [command("knip")] },
];

export function runChecks(tally: Tally): void {
  console.log("\nChecks");
  for (const { name, args } of CHECKS) {
    const startedAt = performance.now();
    const { status, stdout, stderr } = spawnSync(process.execPath, args(), { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 64 << 20 });
    const took = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
    if (status === 0) {
      tally.passed++;
      console.log(`  ok      ${name}  ${took}`);
    } else {
      tally.failures.push(name);
      console.log(`  FAILED  ${name}  ${took}\n${stdout}${stderr}`);
    }
  }
}

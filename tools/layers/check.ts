/**
 * Checks the arrows of .dependency-cruiser.cjs over the whole repository. dependency-cruiser parses TypeScript with
 * TypeScript's JavaScript API, which version 7 has no more: this folder is a workspace with a version 6 of its own, and
 * a resolve hook hands it over. Without it the tool would see no module and find all well; hence the count.
 */
import { readdirSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Fewer modules than this means that the tool did not see the code. */
const MODULES_AT_LEAST = 100;

const here = createRequire(import.meta.url);
const root = fileURLToPath(new URL("../../", import.meta.url));
process.chdir(root);

// Resolved before the hook is in force: the hook would see this call too.
const typescript6: Record<string, string> = {
  typescript: here.resolve("typescript"),
  "typescript/package.json": here.resolve("typescript/package.json"),
};
registerHooks({
  resolve(specifier, context, next) {
    const file = typescript6[specifier];
    return file === undefined ? next(specifier, context) : { url: pathToFileURL(file).href, shortCircuit: true };
  },
});

const { cruise } = await import("dependency-cruiser");
const { arrows, forbidden, options } = here("../../.dependency-cruiser.cjs") as {
  arrows: Record<string, string[]>;
  forbidden: object[];
  options: object;
};

const problems: string[] = [];
for (const folder of readdirSync("src", { withFileTypes: true })) {
  if (folder.isDirectory() && !(folder.name in arrows)) problems.push(`src/${folder.name} has no arrow in .dependency-cruiser.cjs`);
}

const folders = ["src", "apps", "test", "bench", "tools"];
const { output } = await cruise(folders, { ...options, ruleSet: { forbidden }, validate: true } as never);
if (typeof output === "string") throw new Error(output);
const { summary } = output;
for (const { rule, from, to, cycle } of summary.violations) {
  problems.push(`${rule.name}: ${from} -> ${cycle ? cycle.map(({ name }) => name).join(" -> ") : to}`);
}
if (summary.totalCruised < MODULES_AT_LEAST) problems.push(`only ${summary.totalCruised} modules were seen, at least ${MODULES_AT_LEAST} were expected`);

for (const problem of problems) console.log(problem);
console.log(`${summary.totalCruised} modules, ${summary.totalDependenciesCruised ?? 0} imports, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

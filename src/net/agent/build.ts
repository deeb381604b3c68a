/** Bundles the agent into the one CommonJS file that pods load. */
import { createHash } from "node:crypto";
import { mkdir, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

/** The agent's source as one CommonJS file. */
export async function bundleAgent(): Promise<Uint8Array> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL("main.ts", import.meta.url))],
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    // Pods run the pinned Node, tests and learners also older and newer ones.
    target: "node20",
    minify: true,
    legalComments: "none",
    plugins: [lightBuiltins],
  });
  return result.outputFiles[0]!.contents;
}

/**
 * Gives Node's modules to the bundle as they are. esbuild would wrap each into an object with a getter
 * for each of its names, which takes 2 ms of every process' start.
 */
const lightBuiltins: Plugin = {
  name: "light-builtins",
  setup(bundle) {
    bundle.onResolve({ filter: /^node:/ }, ({ path, kind }) => (kind === "require-call" ? { path, external: true } : { path, namespace: "builtin" }));
    bundle.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(path) as object).filter((name) => name !== "default");
      // Marked as pure, so that only the names in use are looked up.
      const exports = names.map((name) => `export const ${name} = /* @__PURE__ */ (() => module.${name})();`);
      return { contents: [`const module = require("${path}");`, "export default module;", ...exports].join("\n") };
    });
  },
};

/**
 * Writes the agent into a directory and returns the file's path. The name carries the content's hash,
 * so that pods which run an earlier agent keep theirs.
 */
export async function buildAgent(directory: string): Promise<string> {
  const contents = await bundleAgent();
  const file = join(directory, `agent-${createHash("sha256").update(contents).digest("hex").slice(0, 12)}.cjs`);
  const known = await stat(file).catch(() => undefined);
  if (known?.size === contents.length) return file;
  await mkdir(directory, { recursive: true, mode: 0o755 });
  await writeFile(`${file}.tmp`, contents, { mode: 0o644 });
  await rename(`${file}.tmp`, file);
  return file;
}

import { readFile, readdir, stat } from "node:fs/promises";
import { join, posix, relative, resolve, sep } from "node:path";
import * as esbuild from "esbuild";
import type { BuildOptions, Message, Metafile } from "esbuild";
import type { ImageFolder } from "./folder.ts";
import type { ImageFile } from "./pack.ts";

/** What goes into an image, in layers, and what it was made from. */
export interface Bundle {
  program: ImageFile[];
  assets: ImageFile[];
  /** Absolute paths of every file that had a part in it. */
  inputs: string[];
}

/** Thrown when a program does not bundle; the message lists places and reasons. */
export class BundleError extends Error {}

const SHARED: BuildOptions = {
  bundle: true,
  write: false,
  metafile: true,
  logLevel: "silent",
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "none",
  charset: "utf8",
};

const PROGRAM: BuildOptions = {
  ...SHARED,
  platform: "node",
  format: "cjs",
  target: "node24",
  // pg asks for its native sibling only when told to use it.
  external: ["pg-native"],
  // In CommonJS import.meta.url is undefined: better no image than one that breaks when it runs.
  logOverride: { "empty-import-meta": "error" },
};

const BROWSER: BuildOptions = {
  ...SHARED,
  platform: "browser",
  format: "esm",
  target: "es2022",
  minifyIdentifiers: true,
};

/**
 * Bundles the programs and browser scripts of all folders, and reads their assets. One run of esbuild
 * serves all programs, so that what they share is parsed once; each gets its own whole bundle. `root` is
 * the folder that paths inside the bundles are relative to.
 */
export async function bundleFolders(folders: ImageFolder[], root: string): Promise<Bundle[]> {
  const [programs, scripts, assets] = await Promise.all([
    run(PROGRAM, root, folders.map((folder, index) => ({ in: join(folder.directory, folder.entry), out: `${index}/main.cjs` }))),
    run(BROWSER, root, folders.flatMap((folder, index) => Object.entries(folder.browser).map(([from, to]) => ({ in: join(folder.directory, from), out: `${index}/${to}` })))),
    Promise.all(folders.map(readAssets)),
  ]);
  return folders.map((_, index) => {
    const program = programs.get(index)!;
    const script = scripts.get(index);
    return {
      program: program.files,
      assets: [...assets[index]!.files, ...(script?.files ?? [])],
      inputs: [...new Set([...program.inputs, ...(script?.inputs ?? []), ...assets[index]!.inputs])].sort(),
    };
  });
}

interface Part {
  files: ImageFile[];
  inputs: string[];
}

async function run(options: BuildOptions, root: string, entries: { in: string; out: string }[]): Promise<Map<number, Part>> {
  const parts = new Map<number, Part>();
  if (entries.length === 0) return parts;
  const outdir = join(root, "dist");
  const result = await esbuild
    .build({
      ...options,
      absWorkingDir: root,
      outdir,
      outExtension: options.format === "cjs" ? { ".js": ".cjs" } : {},
      entryPoints: entries.map((entry) => ({ in: entry.in, out: entry.out.replace(/\.(?:c?js|css)$/, "") })),
    })
    .catch((error: unknown) => {
      throw new BundleError(describe((error as { errors?: Message[] }).errors ?? [], error));
    });
  for (const file of result.outputFiles ?? []) {
    const [index, ...path] = relative(outdir, file.path).split(sep);
    const output = result.metafile!.outputs[relative(root, file.path).split(sep).join("/")]!;
    const part = parts.get(Number(index)) ?? { files: [], inputs: [] };
    part.files.push({ path: posix.join("/app", ...path), content: file.contents });
    if (output.entryPoint) part.inputs.push(...reachable(result.metafile!, output.entryPoint).map((input) => resolve(root, input)));
    parts.set(Number(index), part);
  }
  return parts;
}

/** Every input an entry leads to, those included that nothing was kept of. */
function reachable(metafile: Metafile, entry: string): string[] {
  const seen = new Set([entry]);
  for (const path of seen) {
    for (const imported of metafile.inputs[path]?.imports ?? []) if (!imported.external) seen.add(imported.path);
  }
  return [...seen].filter((path) => path in metafile.inputs && !path.startsWith("("));
}

/** A folder's asset files, in the image and on disk. */
async function readAssets(folder: ImageFolder): Promise<Part> {
  const part: Part = { files: [], inputs: [] };
  for (const [from, to] of Object.entries(folder.assets)) {
    for (const source of await listFiles(join(folder.directory, from))) {
      const [content, { mode }] = await Promise.all([readFile(source), stat(source)]);
      const path = relative(join(folder.directory, from), source).split(sep).join("/");
      part.files.push({ path: posix.resolve("/app", to, path), content, executable: (mode & 0o100) !== 0 });
      part.inputs.push(source);
    }
  }
  return part;
}

/** All files below a folder, sorted. */
export async function listFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function describe(errors: Message[], error: unknown): string {
  if (errors.length === 0) return (error as Error).message;
  return errors
    .map(({ text, location }) => (location ? `${location.file}:${location.line}:${location.column}: ${text}` : text))
    .join("\n");
}

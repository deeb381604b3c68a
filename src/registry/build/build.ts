import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { version as esbuildVersion } from "esbuild";
import type { Clock } from "#lib/clock.ts";
import type { Logger } from "#lib/log.ts";
import { hostPlatform } from "../client.ts";
import type { Platform } from "../manifest.ts";
import { pushImage } from "../push.ts";
import { Transport } from "../transport.ts";
import { bundleFolders, listFiles } from "./bundle.ts";
import { BuildCache } from "./cache.ts";
import type { PackedVersions } from "./cache.ts";
import { readImageFolder } from "./folder.ts";
import type { ImageFolder } from "./folder.ts";
import { packImage, packLayer } from "./pack.ts";

export { discoverImageFolders } from "./folder.ts";

export interface BuildOptions {
  /** Folders with an image.json, see discoverImageFolders. */
  folders: string[];
  /** Where to push: `http://127.0.0.1:5002`. */
  registryUrl: string;
  /** Keeps packed images between builds; any directory, safe to delete. */
  cacheDirectory: string;
  log: Logger;
  /** For the durations it logs. */
  clock: Clock;
  platform?: Platform;
  /** Passed on to the registry's transport. */
  fetch?: typeof globalThis.fetch;
}

/** What became of one version of a folder. */
export interface BuiltImage {
  image: string;
  tag: string;
  digest: string;
  /** Compressed: configuration and layers. */
  sizeBytes: number;
  /** False when the registry had it under this tag already. */
  pushed: boolean;
  /** True when nothing had to be built: the inputs are those of an earlier build. */
  cached: boolean;
}

/**
 * Builds the image of every folder, one tag per version, and pushes what the registry lacks. Throws
 * ImageFolderError, BundleError, or the registry's refusal; nothing is pushed when a build fails.
 */
export async function buildImages(options: BuildOptions): Promise<BuiltImage[]> {
  const startedMs = options.clock.now();
  const folders = options.folders.map(readImageFolder);
  const platform = options.platform ?? hostPlatform();
  const cache = new BuildCache(options.cacheDirectory);
  const builder = await builderKey(platform);
  const keys = await Promise.all(folders.map((folder) => folderKey(folder, builder)));

  const packed = await Promise.all(folders.map((folder, index) => cache.find(folder, keys[index]!)));
  const stale = folders.flatMap((folder, index) => (packed[index] ? [] : [{ folder, index }]));
  if (stale.length > 0) {
    const bundles = await bundleFolders(stale.map(({ folder }) => folder), repositoryRoot(stale[0]!.folder.directory));
    await Promise.all(
      stale.map(async ({ folder, index }, position) => {
        const bundle = bundles[position]!;
        const layers = await Promise.all([bundle.program, bundle.assets].filter((files) => files.length > 0).map(packLayer));
        const versions: PackedVersions = new Map(folder.versions.map((version) => [version, packImage(folder, version, layers, platform)]));
        packed[index] = versions;
        await cache.save(folder, keys[index]!, [...bundle.inputs, ...packageFiles(bundle.inputs, repositoryRoot(folder.directory))], versions);
      }),
    );
    await cache.prune();
  }
  const packedMs = options.clock.now();

  const registry = new Transport(options.registryUrl, options.fetch ? { fetch: options.fetch } : {});
  const built = await Promise.all(
    folders.map(async (folder, index) => {
      const results: BuiltImage[] = [];
      const cached = !stale.some((item) => item.index === index);
      // In order: the second version finds the first one's layers in the registry.
      for (const [tag, image] of packed[index]!) {
        const pushed = await pushImage(registry, folder.image, tag, image);
        const sizeBytes = [...image.blobs.values()].reduce((sum, blob) => sum + blob.byteLength, 0);
        results.push({ image: folder.image, tag, digest: image.digest, sizeBytes, pushed, cached });
      }
      return results;
    }),
  );
  options.log.info("images built", {
    images: built.flat().length,
    bundled: stale.length,
    buildMs: packedMs - startedMs,
    pushMs: options.clock.now() - packedMs,
  });
  return built.flat();
}

/** What of the builder itself decides the result: its source, its tools, the platform. */
async function builderKey(platform: Platform): Promise<string> {
  const hash = createHash("sha256");
  const sources = (await listFiles(import.meta.dirname)).filter((file) => !file.endsWith(".test.ts"));
  for (const content of await Promise.all(sources.map((file) => readFile(file)))) hash.update(content);
  hash.update(JSON.stringify([esbuildVersion, process.versions.zlib, platform]));
  return hash.digest("hex");
}

/** What of a folder decides the result besides the files that go into it: image.json and the files that steer resolution. */
async function folderKey(folder: ImageFolder, builder: string): Promise<string> {
  const root = repositoryRoot(folder.directory);
  const steering = [
    ...["image.json", "package.json", "tsconfig.json"].map((name) => join(folder.directory, name)),
    ...["package.json", "package-lock.json", "tsconfig.json"].map((name) => join(root, name)),
  ];
  const hash = createHash("sha256").update(builder).update(relative(root, folder.directory));
  for (const content of await Promise.all(steering.map((file) => readFile(file).catch(() => Buffer.from("-"))))) hash.update(content).update("\0");
  return hash.digest("hex");
}

/** The package.json files that said where our own modules are; those of installed packages are pinned by the lock. */
function packageFiles(inputs: string[], root: string): string[] {
  const found = new Set<string>();
  const seen = new Set([root]);
  for (const input of inputs) {
    if (input.includes("/node_modules/")) continue;
    for (let directory = dirname(input); !seen.has(directory); directory = dirname(directory)) {
      seen.add(directory);
      const file = join(directory, "package.json");
      if (existsSync(file)) found.add(file);
      if (dirname(directory) === directory) break;
    }
  }
  return [...found];
}

/**
 * The folder with the package lock above a directory, else the directory itself. Paths inside bundles are
 * relative to it, so the same sources give the same bytes wherever the checkout is.
 */
function repositoryRoot(directory: string): string {
  for (let root = directory; ; root = dirname(root)) {
    if (existsSync(join(root, "package-lock.json"))) return root;
    if (dirname(root) === root) return directory;
  }
}

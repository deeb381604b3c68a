/** The images of the sample systems: built from their folders and pushed, as `tidepool build` does. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { stop } from "esbuild";
import { systemClock, type Clock } from "#lib/clock.ts";
import { silentLogger, type Logger } from "#lib/log.ts";
import { ImageFolderError } from "#registry/build/folder.ts";
import { buildImages, discoverImageFolders, type BuiltImage } from "#registry/build/build.ts";
import { Registry } from "#registry/registry.ts";
import { serveRegistry } from "#registry/server.ts";
import { readInstance } from "./instance.ts";
import { createDirectories, dataPaths, type DataPaths } from "./paths.ts";
import { Refusal } from "./refusal.ts";
import { repositoryRoot } from "./version.ts";

export type { BuiltImage };

/** Builds every image under apps/ and pushes what the registry lacks. */
export function buildShopImages(options: { registryUrl: string; paths: DataPaths; clock: Clock; log: Logger }): Promise<BuiltImage[]> {
  return build(options.paths, options.registryUrl, options.clock, options.log);
}

/**
 * Builds folders (all under apps/ when none are given) for a data directory, whether its cluster runs or not.
 * Throws a {@link Refusal} for a folder that makes no image.
 */
export async function buildFor(dataDir: string, folders: string[]): Promise<BuiltImage[]> {
  const paths = dataPaths(dataDir);
  const running = readInstance(dataDir).daemon?.urls?.registry;
  if (running) return buildGiven(paths, running, folders);
  createDirectories(paths);
  const registry = new Registry({ directory: paths.registry, clock: systemClock, newId: randomUUID });
  const server = await serveRegistry(registry, { port: 0, log: silentLogger });
  try {
    return await buildGiven(paths, server.url, folders);
  } finally {
    await server.close();
    registry.close();
  }
}

async function buildGiven(paths: DataPaths, registryUrl: string, folders: string[]): Promise<BuiltImage[]> {
  try {
    return await build(paths, registryUrl, systemClock, silentLogger, folders);
  } catch (error) {
    throw error instanceof ImageFolderError ? new Refusal(`${error.message}.\nAn image is built from a folder with an image.json, such as apps/shop/order-service.`) : error;
  }
}

function build(paths: DataPaths, registryUrl: string, clock: Clock, log: Logger, folders: string[] = []): Promise<BuiltImage[]> {
  return buildImages({
    folders: folders.length > 0 ? folders : discoverImageFolders(join(repositoryRoot, "apps")),
    registryUrl,
    cacheDirectory: join(paths.cache, "images"),
    clock,
    log,
  });
}

/** Ends esbuild's own process, which would keep its memory for as long as the daemon lives. Nothing may be building. */
export async function endBuilds(): Promise<void> {
  await stop();
}

/** `12 images` or `12 images, 3 new`. */
export function describeImages(images: BuiltImage[]): string {
  const pushed = images.filter((image) => image.pushed).length;
  return `${images.length} images${pushed === 0 ? ", unchanged" : pushed < images.length ? `, ${pushed} new` : ""}`;
}

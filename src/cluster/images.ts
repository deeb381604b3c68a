/** Builds what the shop runs and pushes it, as `tidepool build` does. */
import { join } from "node:path";
import { stop } from "esbuild";
import type { Clock } from "#lib/clock.ts";
import type { Logger } from "#lib/log.ts";
import { buildImages, discoverImageFolders, type BuiltImage } from "#registry/build/build.ts";
import { repositoryRoot } from "./version.ts";

export function buildShopImages(options: { registryUrl: string; cacheDirectory: string; clock: Clock; log: Logger }): Promise<BuiltImage[]> {
  return buildImages({ ...options, folders: discoverImageFolders(join(repositoryRoot, "apps")) });
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

/** Builds what the shop runs and pushes it, as `tidepool build` does. */
import { join } from "node:path";
import type { Clock } from "#lib/clock.ts";
import type { Logger } from "#lib/log.ts";
import { buildImages, discoverImageFolders, type BuiltImage } from "#registry/build/build.ts";
import { repositoryRoot } from "./version.ts";

export function buildShopImages(options: { registryUrl: string; cacheDirectory: string; clock: Clock; log: Logger }): Promise<BuiltImage[]> {
  return buildImages({ ...options, folders: discoverImageFolders(join(repositoryRoot, "apps")) });
}

/** `12 images` or `12 images, 3 new`. */
export function describeImages(images: BuiltImage[]): string {
  const pushed = images.filter((image) => image.pushed).length;
  return `${images.length} images${pushed === 0 ? ", unchanged" : pushed < images.length ? `, ${pushed} new` : ""}`;
}

/** `tidepool build`: builds images and pushes them, to the running cluster's registry or to the one at rest. */
import { randomUUID } from "node:crypto";
import { join, resolve } from "node:path";
import { systemClock } from "#lib/clock.ts";
import { silentLogger } from "#lib/log.ts";
import { buildImages, discoverImageFolders, type BuiltImage } from "#registry/build/build.ts";
import { Registry } from "#registry/registry.ts";
import { serveRegistry } from "#registry/server.ts";
import { readInstance } from "#cluster/instance.ts";
import { createDirectories, dataDirectory, dataPaths } from "#cluster/paths.ts";
import { repositoryRoot } from "#cluster/version.ts";

export async function build(flags: { data?: string | undefined; json: boolean }, ...folders: string[]): Promise<void> {
  const paths = dataPaths(dataDirectory(flags.data));
  createDirectories(paths);
  const running = readInstance(paths.root).daemon?.urls?.registry;
  const registry = running ? undefined : new Registry({ directory: paths.registry, clock: systemClock, newId: randomUUID });
  const server = registry ? await serveRegistry(registry, { port: 0, log: silentLogger }) : undefined;
  try {
    const images = await buildImages({
      folders: folders.length > 0 ? folders.map((folder) => resolve(folder)) : discoverImageFolders(join(repositoryRoot, "apps")),
      registryUrl: running ?? server!.url,
      cacheDirectory: join(paths.cache, "images"),
      clock: systemClock,
      log: silentLogger,
    });
    process.stdout.write(flags.json ? `${JSON.stringify(images, undefined, 2)}\n` : format(images));
  } finally {
    await server?.close();
    registry?.close();
  }
}

function format(images: BuiltImage[]): string {
  return images
    .map(({ image, tag, digest, sizeBytes, pushed }) => `${`${image}:${tag}`.padEnd(34)} ${digest.slice(0, 19)}  ${(sizeBytes / 1024).toFixed(0).padStart(6)} KiB  ${pushed ? "pushed" : "unchanged"}\n`)
    .join("");
}

/** `tidepool build`: builds images and pushes them, to the running cluster's registry or to the one at rest. */
import { resolve } from "node:path";
import { buildFor, type BuiltImage } from "#cluster/images.ts";
import { dataDirectory } from "#cluster/paths.ts";

export async function build(flags: { data?: string | undefined; json: boolean }, ...folders: string[]): Promise<void> {
  const images = await buildFor(dataDirectory(flags.data), folders.map((folder) => resolve(folder)));
  process.stdout.write(flags.json ? `${JSON.stringify(images, undefined, 2)}\n` : format(images));
}

function format(images: BuiltImage[]): string {
  return images
    .map(({ image, tag, digest, sizeBytes, pushed }) => `${`${image}:${tag}`.padEnd(34)} ${digest.slice(0, 19)}  ${(sizeBytes / 1024).toFixed(0).padStart(6)} KiB  ${pushed ? "pushed" : "unchanged"}\n`)
    .join("");
}

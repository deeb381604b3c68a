import { promisify } from "node:util";
import { gzip as gzipCallback } from "node:zlib";
import { packTar } from "modern-tar";
import type { TarEntry } from "modern-tar";
import { digestOf } from "../digest.ts";
import type { ImageConfig } from "../image-store.ts";
import { MEDIA_TYPES } from "../manifest.ts";
import type { Descriptor, ImageManifest, Platform } from "../manifest.ts";
import type { PackedImage } from "../push.ts";
import { serviceName } from "./folder.ts";
import type { ImageFolder } from "./folder.ts";

const gzip = promisify(gzipCallback);

/** Everything in an image is as old as the Unix epoch, so that building twice gives the same bytes. */
const EPOCH = new Date(0);

/** Offset of the operating system's code in a gzip header (RFC 1952). */
const GZIP_OS_OFFSET = 9;
const GZIP_OS_UNKNOWN = 255;

/** A file of an image; `path` is absolute inside it. */
export interface ImageFile {
  path: string;
  content: Uint8Array;
  executable?: boolean;
}

export interface Layer {
  descriptor: Descriptor;
  /** Digest of the uncompressed tar. */
  diffId: string;
  blob: Uint8Array;
}

/**
 * A layer of exactly these files: entries sorted, owner root, modes 0644 or 0755, times zero, a gzip
 * header that says nothing of the machine. The same files give the same digest wherever the same
 * version of Node compresses them.
 */
export async function packLayer(files: ImageFile[]): Promise<Layer> {
  const entries = new Map<string, TarEntry>();
  for (const file of files) {
    const name = file.path.replace(/^\/+/, "");
    const parts = name.split("/");
    for (let depth = 1; depth < parts.length; depth++) {
      const directory = `${parts.slice(0, depth).join("/")}/`;
      entries.set(directory, { header: header(directory, "directory", 0, 0o755) });
    }
    entries.set(name, { header: header(name, "file", file.content.byteLength, file.executable ? 0o755 : 0o644), body: file.content });
  }
  const sorted = [...entries.keys()].sort(compareBytes).map((name) => entries.get(name)!);
  const tar = await packTar(sorted);
  const blob = await gzip(tar, { level: 6 });
  blob[GZIP_OS_OFFSET] = GZIP_OS_UNKNOWN;
  return {
    descriptor: { mediaType: MEDIA_TYPES.ociLayerGzip, digest: digestOf(blob), size: blob.byteLength },
    diffId: digestOf(tar),
    blob,
  };
}

/** The image of one version of a folder: the layers are the same for all, the configuration tells them apart. */
export function packImage(folder: ImageFolder, version: string, layers: Layer[], platform: Platform): PackedImage {
  const config: ImageConfig = {
    created: EPOCH.toISOString(),
    architecture: platform.architecture,
    os: platform.os,
    config: {
      ...(folder.user && { User: folder.user }),
      ...(folder.ports.length > 0 && { ExposedPorts: Object.fromEntries(folder.ports.map((port) => [`${port}/tcp`, {}])) }),
      Env: Object.entries({ SERVICE_NAME: serviceName(folder), SERVICE_VERSION: version, ...folder.env }).map(([name, value]) => `${name}=${value}`),
      Entrypoint: ["node", "main.cjs"],
      ...(folder.cmd.length > 0 && { Cmd: folder.cmd }),
      ...(folder.volumes.length > 0 && { Volumes: Object.fromEntries(folder.volumes.map((path) => [path, {}])) }),
      WorkingDir: "/app",
      Labels: { "org.opencontainers.image.title": serviceName(folder), "org.opencontainers.image.version": version },
      ...(folder.stopSignal && { StopSignal: folder.stopSignal }),
    },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
  };
  const configBlob = Buffer.from(JSON.stringify(config));
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: { mediaType: MEDIA_TYPES.ociConfig, digest: digestOf(configBlob), size: configBlob.byteLength },
    layers: layers.map((layer) => layer.descriptor),
  };
  const content = Buffer.from(JSON.stringify(manifest));
  return {
    mediaType: MEDIA_TYPES.ociManifest,
    manifest: content,
    digest: digestOf(content),
    blobs: new Map([[manifest.config.digest, configBlob], ...layers.map((layer): [string, Uint8Array] => [layer.descriptor.digest, layer.blob])]),
  };
}

function header(name: string, type: "file" | "directory", size: number, mode: number): TarEntry["header"] {
  return { name, type, size, mode, mtime: EPOCH, uid: 0, gid: 0, uname: "", gname: "" };
}

/** By bytes, not by language. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

import type { Hash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { endDigest, startDigest } from "./digest.ts";
import { ImageStore } from "./image-store.ts";
import type { ImageConfig, PulledImage } from "./image-store.ts";
import { ACCEPT_MANIFESTS, ManifestError, parseManifest, selectPlatform } from "./manifest.ts";
import type { Descriptor, ImageManifest, Platform } from "./manifest.ts";
import { formatReference, parseDockerReference, repositoryOf } from "./reference.ts";
import type { Reference } from "./reference.ts";
import { ImageError, Transport, unexpectedStatus } from "./transport.ts";
import type { TransportOptions } from "./transport.ts";
import { applyLayer } from "./unpack.ts";

export type { ImageConfig, PulledImage } from "./image-store.ts";
export { ImageError } from "./transport.ts";
export { applyDefaultTag } from "./reference.ts";

/** What a reference stands for right now. */
export interface ResolvedImage {
  /** Normalized: `docker.io/library/postgres:18`. */
  reference: string;
  mediaType: string;
  /** Of the manifest or index the registry names. */
  digest: string;
}

export interface ImageClientOptions extends TransportOptions {
  /** Where unpacked images are kept. */
  directory: string;
  /** Registry host -> base URL to ask instead, as `localhost:5002` -> `http://127.0.0.1:5002`, `docker.io` -> the local registry. */
  mirrors: Record<string, string>;
  /** Which manifest of an index to take; the machine's own by default. */
  platform?: Platform;
}

/** Node's names of processor architectures in OCI's words. */
const ARCHITECTURES: Record<string, string> = { x64: "amd64", arm64: "arm64", arm: "arm", ia32: "386", ppc64: "ppc64le", s390x: "s390x", riscv64: "riscv64" };

/** Containers are Linux to the images, on whatever system they run. */
export function hostPlatform(): Platform {
  return { os: "linux", architecture: ARCHITECTURES[process.arch] ?? process.arch };
}

/**
 * Pulls images and keeps them unpacked: the image half of a container runtime. This is the registry's
 * protocol seen from the other side, which is why the kubelet imports it from here: an agreed exception
 * to the layering. Errors read as containerd's, so that events say what people know.
 * @see https://github.com/containerd/containerd/blob/main/client/pull.go
 */
export class ImageClient {
  readonly #options: ImageClientOptions;
  readonly #platform: Platform;
  readonly #transports = new Map<string, Transport>();
  readonly #pulls = new Map<string, Promise<PulledImage>>();
  readonly store: ImageStore;

  constructor(options: ImageClientOptions) {
    this.#options = options;
    this.#platform = options.platform ?? hostPlatform();
    this.store = new ImageStore(options.directory);
  }

  /** Asks the registry which content a reference names. Throws InvalidReferenceError or {@link ImageError}. */
  async resolve(image: string): Promise<ResolvedImage> {
    const reference = parseDockerReference(image);
    return { reference: formatReference(reference), ...(await this.#resolve(reference)) };
  }

  /** The image as it was pulled earlier, without asking the registry; undefined when it was not. */
  async local(image: string): Promise<PulledImage | undefined> {
    return this.store.find(formatReference(parseDockerReference(image)));
  }

  /**
   * Fetches an image and unpacks it, or finds that it is here already. Content is verified against its
   * digest; an image appears in the store whole or not at all. Pulls of one image at a time share the work.
   */
  async pull(image: string): Promise<PulledImage> {
    const reference = parseDockerReference(image);
    const name = formatReference(reference);
    const running = this.#pulls.get(name);
    if (running) return running;
    const pull = this.#pull(reference, name).finally(() => this.#pulls.delete(name));
    this.#pulls.set(name, pull);
    return pull;
  }

  async #pull(reference: Reference, name: string): Promise<PulledImage> {
    try {
      const { digest, mediaType } = await this.#resolve(reference);
      const repository = repositoryOf(reference);
      const existing = await this.store.find(`${repository}@${digest}`);
      const image = existing ?? (await this.#fetch(reference, { digest, mediaType }));
      await this.store.record([name, `${repository}@${digest}`], image.manifestDigest);
      return { ...image, reference: name, repoDigest: `${repository}@${digest}` };
    } catch (error) {
      const code = error instanceof ImageError ? error.code : "Unknown";
      throw new ImageError(`failed to pull and unpack image "${name}": ${(error as Error).message}`, code);
    }
  }

  async #resolve(reference: Reference): Promise<{ digest: string; mediaType: string }> {
    const name = formatReference(reference);
    const path = `/v2/${reference.path}/manifests/${reference.digest ?? reference.tag}`;
    try {
      const response = await this.#transport(reference).request("HEAD", path, { headers: { accept: ACCEPT_MANIFESTS } });
      if (response.status === 404) throw new ImageError(`${name}: not found${this.#whereAsked(reference.domain)}`, "NotFound");
      if (!response.ok) throw unexpectedStatus("HEAD", response, path);
      const digest = response.headers.get("docker-content-digest") ?? reference.digest;
      if (!digest) throw new ImageError(`${name}: the registry names no digest`);
      if (reference.digest && digest !== reference.digest) throw new ImageError(`unexpected digest ${digest}, expected ${reference.digest}`);
      return { digest, mediaType: (response.headers.get("content-type") ?? "").split(";")[0]!.trim() };
    } catch (error) {
      const code = error instanceof ImageError ? error.code : "Unknown";
      throw new ImageError(`failed to resolve reference "${name}": ${(error as Error).message}`, code);
    }
  }

  async #fetch(reference: Reference, top: { digest: string; mediaType: string }): Promise<PulledImage> {
    let digest = top.digest;
    let parsed = await this.#manifest(reference, digest, top.mediaType);
    // An index may point to an index; deeper nesting than this is no image anyone makes.
    for (let depth = 0; parsed.kind === "index"; depth++) {
      const chosen = depth < 4 ? selectPlatform(parsed.manifest, this.#platform) : undefined;
      if (!chosen) throw new ImageError(`no match for platform in manifest ${digest}: not found`, "NotFound");
      digest = chosen.digest;
      parsed = await this.#manifest(reference, digest, chosen.mediaType);
    }
    const { manifest } = parsed;
    const config = JSON.parse((await this.#bytes(reference, manifest.config)).toString("utf8")) as ImageConfig;
    return this.store.add(digest, { config, configDigest: manifest.config.digest, layers: manifest.layers }, (rootfs) =>
      this.#unpack(reference, manifest, config, rootfs),
    );
  }

  async #manifest(reference: Reference, digest: string, mediaType: string): Promise<ReturnType<typeof parseManifest>> {
    const path = `/v2/${reference.path}/manifests/${digest}`;
    const response = await this.#transport(reference).request("GET", path, { headers: { accept: mediaType || ACCEPT_MANIFESTS } });
    if (response.status === 404) throw new ImageError(`failed to copy: ${digest}: not found`, "NotFound");
    if (!response.ok) throw unexpectedStatus("GET", response, path);
    const content = Buffer.from(await response.arrayBuffer());
    verify(content, digest);
    try {
      return parseManifest(content, mediaType || undefined);
    } catch (error) {
      if (error instanceof ManifestError) throw new ImageError(`invalid manifest ${digest}: ${error.message}`);
      throw error;
    }
  }

  async #bytes(reference: Reference, descriptor: Descriptor): Promise<Buffer> {
    const response = await this.#blob(reference, descriptor);
    const content = Buffer.from(await response.arrayBuffer());
    verify(content, descriptor.digest);
    return content;
  }

  async #blob(reference: Reference, descriptor: Descriptor): Promise<Response> {
    const path = `/v2/${reference.path}/blobs/${descriptor.digest}`;
    const response = await this.#transport(reference).request("GET", path);
    if (response.status === 404) throw new ImageError(`failed to copy: ${descriptor.digest}: not found`, "NotFound");
    if (!response.ok || !response.body) throw unexpectedStatus("GET", response, path);
    return response;
  }

  async #unpack(reference: Reference, manifest: ImageManifest, config: ImageConfig, rootfs: string): Promise<void> {
    for (const [index, layer] of manifest.layers.entries()) {
      // The whole layer is verified before any of it is unpacked.
      const blob = `${rootfs}.layer`;
      const hash = startDigest(layer.digest.split(":", 1)[0]);
      const download = Readable.fromWeb((await this.#blob(reference, layer)).body as never);
      await pipeline(download, (chunks: AsyncIterable<Uint8Array>) => hashing(chunks, hash), createWriteStream(blob));
      const actual = endDigest(hash, layer.digest.split(":", 1)[0]);
      if (actual !== layer.digest) throw new ImageError(`failed to copy: unexpected commit digest ${actual}, expected ${layer.digest}: failed precondition`);
      const diffId = config.rootfs?.diff_ids?.[index];
      try {
        await applyVerified(rootfs, blob, layer.mediaType, diffId);
      } catch (error) {
        throw new ImageError(`failed to extract layer ${diffId ?? layer.digest}: ${(error as Error).message}`);
      }
      await rm(blob);
    }
  }

  /** Whoever misses a public image has to hear that nobody asked the public registry. */
  #whereAsked(domain: string): string {
    const mirror = this.#options.mirrors[domain];
    return mirror && defaultBase(domain).startsWith("https:") ? ` in ${mirror}, which is asked in place of ${domain}; ${mirror}/v2/_catalog lists what there is` : "";
  }

  #transport(reference: Reference): Transport {
    let transport = this.#transports.get(reference.domain);
    if (!transport) {
      transport = new Transport(this.#options.mirrors[reference.domain] ?? defaultBase(reference.domain), this.#options);
      this.#transports.set(reference.domain, transport);
    }
    return transport;
  }
}

/** Plain HTTP for registries on this machine, as containerd does; Docker Hub's API lives on another host than its name. */
function defaultBase(domain: string): string {
  const host = domain.replace(/:\d+$/, "");
  if (host === "localhost" || host === "127.0.0.1" || host === "[::1]") return `http://${domain}`;
  return `https://${domain === "docker.io" ? "registry-1.docker.io" : domain}`;
}

function verify(content: Uint8Array, digest: string): void {
  const algorithm = digest.split(":", 1)[0]!;
  const hash = startDigest(algorithm).update(content);
  const actual = endDigest(hash, algorithm);
  if (actual !== digest) throw new ImageError(`failed to copy: unexpected commit digest ${actual}, expected ${digest}: failed precondition`);
}

async function applyVerified(rootfs: string, blob: string, mediaType: string, diffId: string | undefined): Promise<void> {
  const hash = startDigest();
  await applyLayer(rootfs, hashing(decompress(createReadStream(blob, { highWaterMark: 1 << 18 }), mediaType), hash));
  const actual = endDigest(hash);
  if (diffId?.startsWith("sha256:") && actual !== diffId) throw new Error(`wrong diff id calculated on extraction "${actual}"`);
}

async function* hashing(chunks: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

function decompress(source: Readable, mediaType: string): Readable {
  if (/[+.]gzip$/.test(mediaType)) return source.compose(createGunzip());
  if (/[+.]zstd$/.test(mediaType)) return source.compose(createZstdDecompress());
  if (mediaType.endsWith(".tar")) return source;
  throw new Error(`unsupported layer type "${mediaType}"`);
}

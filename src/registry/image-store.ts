import { chmod, mkdir, mkdtemp, open, readFile, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Descriptor } from "./manifest.ts";

/**
 * An image's configuration.
 * @see https://github.com/opencontainers/image-spec/blob/main/config.md
 */
export interface ImageConfig {
  architecture: string;
  os: string;
  created?: string;
  config?: {
    User?: string;
    ExposedPorts?: Record<string, object>;
    Env?: string[];
    Entrypoint?: string[];
    Cmd?: string[];
    Volumes?: Record<string, object>;
    WorkingDir?: string;
    Labels?: Record<string, string>;
    /** The signal that asks the container to end; `SIGTERM` when absent. */
    StopSignal?: string;
  };
  rootfs?: { type: "layers"; diff_ids: string[] };
}

/** An image on this machine. */
export interface PulledImage {
  /** The name it was pulled by, normalized: `docker.io/library/postgres:18`. */
  reference: string;
  /** `docker.io/library/postgres@sha256:...`, of what the registry named; a container's `imageID`. */
  repoDigest: string;
  /** The image's ID: its configuration's digest. */
  configDigest: string;
  /** The manifest it was unpacked from; differs from repoDigest's when that is an index. */
  manifestDigest: string;
  /** The directory that is the container's `/`. Shared by all containers of the image: never written to. */
  rootfs: string;
  config: ImageConfig;
  /** Compressed bytes of its layers. */
  sizeBytes: number;
}

/** What `image.json` holds. */
type StoredImage = Pick<PulledImage, "config" | "configDigest" | "sizeBytes">;

/**
 * Unpacked images: `<algorithm>-<hex of the manifest>/{rootfs/,image.json}`, which appear by one rename,
 * and `references.json`, which says what names stand for. A cache: all of it can be pulled again.
 */
export class ImageStore {
  readonly #directory: string;
  #references: Promise<Map<string, string>> | undefined;
  #writes: Promise<unknown> = Promise.resolve();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The image a normalized reference (with tag or digest) stood for when it was last pulled. */
  async find(reference: string): Promise<PulledImage | undefined> {
    const references = await this.#load();
    const manifestDigest = references.get(reference);
    if (!manifestDigest) return undefined;
    const record = await this.#read(manifestDigest);
    if (!record) return undefined;
    return { ...record, reference, repoDigest: repoDigestOf(references, reference, manifestDigest) };
  }

  /** Every image with its names, for a node's status. */
  async list(): Promise<{ names: string[]; sizeBytes: number }[]> {
    const byManifest = new Map<string, string[]>();
    for (const [name, digest] of await this.#load()) byManifest.set(digest, [...(byManifest.get(digest) ?? []), name]);
    const images = [];
    for (const [digest, names] of byManifest) {
      const record = await this.#read(digest);
      if (record) images.push({ names: names.sort(), sizeBytes: record.sizeBytes });
    }
    return images;
  }

  /** Makes an image of what `fill` puts into the empty directory it is given. */
  async add(
    manifestDigest: string,
    image: { config: ImageConfig; configDigest: string; layers: Descriptor[] },
    fill: (rootfs: string) => Promise<void>,
  ): Promise<PulledImage> {
    const existing = await this.#read(manifestDigest);
    if (existing) return { ...existing, reference: "", repoDigest: "" };
    await mkdir(this.#directory, { recursive: true });
    const temporary = await mkdtemp(join(this.#directory, ".pull-"));
    try {
      // A container may run as another user than the one who pulled.
      await chmod(temporary, 0o755);
      await mkdir(join(temporary, "rootfs"));
      await fill(join(temporary, "rootfs"));
      const record: StoredImage = {
        config: image.config,
        configDigest: image.configDigest,
        sizeBytes: image.layers.reduce((sum, layer) => sum + layer.size, 0),
      };
      await writeDurably(join(temporary, "image.json"), JSON.stringify(record));
      await rename(temporary, this.#path(manifestDigest)).catch(async (error: NodeJS.ErrnoException) => {
        // Another reference to the same content was faster: the same bytes are there.
        if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
      });
      return { ...record, manifestDigest, rootfs: join(this.#path(manifestDigest), "rootfs"), reference: "", repoDigest: "" };
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }

  /** Remembers what names stand for. */
  async record(names: string[], manifestDigest: string): Promise<void> {
    const references = await this.#load();
    if (names.every((name) => references.get(name) === manifestDigest)) return;
    for (const name of names) references.set(name, manifestDigest);
    const write = this.#writes.then(async () => {
      const file = join(this.#directory, "references.json");
      await writeDurably(`${file}.new`, JSON.stringify(Object.fromEntries(references), null, 1));
      await rename(`${file}.new`, file);
    });
    this.#writes = write.catch(() => undefined);
    await write;
  }

  async #read(manifestDigest: string): Promise<(StoredImage & { manifestDigest: string; rootfs: string }) | undefined> {
    const directory = this.#path(manifestDigest);
    const text = await readFile(join(directory, "image.json"), "utf8").catch(ignoreMissing);
    if (text === undefined) return undefined;
    return { ...(JSON.parse(text) as StoredImage), manifestDigest, rootfs: join(directory, "rootfs") };
  }

  #load(): Promise<Map<string, string>> {
    this.#references ??= (async () => {
      await this.#removeUnfinished();
      const text = await readFile(join(this.#directory, "references.json"), "utf8").catch(ignoreMissing);
      return new Map(Object.entries(JSON.parse(text ?? "{}") as Record<string, string>));
    })();
    return this.#references;
  }

  /** Pulls that a crash interrupted; runs before the first pull of this process. */
  async #removeUnfinished(): Promise<void> {
    const names = (await readdir(this.#directory).catch(ignoreMissing)) ?? [];
    for (const name of names) {
      if (name.startsWith(".pull-")) await rm(join(this.#directory, name), { recursive: true, force: true });
    }
  }

  #path(manifestDigest: string): string {
    return join(this.#directory, manifestDigest.replace(":", "-"));
  }
}

/** The name with the digest a tag was resolved to: for an index, not the manifest's own. */
function repoDigestOf(references: Map<string, string>, reference: string, manifestDigest: string): string {
  if (reference.includes("@")) return reference;
  const repository = reference.slice(0, reference.lastIndexOf(":"));
  for (const [name, digest] of references) if (digest === manifestDigest && name.startsWith(`${repository}@`)) return name;
  return `${repository}@${manifestDigest}`;
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, "w", 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT") return undefined;
  throw error;
}

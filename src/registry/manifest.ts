import { DigestError, parseDigest } from "./digest.ts";

/**
 * Image manifests and indexes, OCI's and Docker's.
 * @see https://github.com/opencontainers/image-spec/blob/main/manifest.md
 * @see https://github.com/opencontainers/image-spec/blob/main/image-index.md
 */
export const MEDIA_TYPES = {
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
} as const;

/** What a manifest of each supported type is. Types not listed are refused by name. */
const KINDS: Record<string, "image" | "index"> = {
  [MEDIA_TYPES.ociManifest]: "image",
  [MEDIA_TYPES.dockerManifest]: "image",
  [MEDIA_TYPES.ociIndex]: "index",
  [MEDIA_TYPES.dockerList]: "index",
};

export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
}

export interface Descriptor {
  mediaType: string;
  digest: string;
  /** Bytes. */
  size: number;
  /** Where else the content may be had; such layers need not be in the registry. */
  urls?: string[];
  annotations?: Record<string, string>;
  artifactType?: string;
  platform?: Platform;
}

export interface ImageManifest {
  schemaVersion: 2;
  mediaType?: string;
  artifactType?: string;
  config: Descriptor;
  layers: Descriptor[];
  subject?: Descriptor;
  annotations?: Record<string, string>;
}

export interface ImageIndex {
  schemaVersion: 2;
  mediaType?: string;
  artifactType?: string;
  manifests: Descriptor[];
  subject?: Descriptor;
  annotations?: Record<string, string>;
}

export type Manifest = { kind: "image"; mediaType: string; manifest: ImageManifest } | { kind: "index"; mediaType: string; manifest: ImageIndex };

/** Thrown for content that is no manifest this registry can keep; the message names what is wrong. */
export class ManifestError extends Error {}

/** The types a client says it accepts when it asks for a manifest. */
export const ACCEPT_MANIFESTS = Object.keys(KINDS).join(", ");

/** Parses and checks a manifest. `contentType` is what its sender called it (parameters are ignored); absent, its own field tells. */
export function parseManifest(content: Uint8Array, contentType: string | undefined): Manifest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content));
  } catch (error) {
    throw new ManifestError(`not JSON: ${(error as Error).message}`);
  }
  if (!isRecord(parsed)) throw new ManifestError("not a JSON object");
  const declared = contentType?.split(";")[0]?.trim().toLowerCase();
  const field = parsed["mediaType"];
  if (field !== undefined && typeof field !== "string") throw new ManifestError("mediaType is not a string");
  if (declared && field && declared !== field) {
    throw new ManifestError(`mediaType "${field}" differs from Content-Type "${declared}"`);
  }
  const mediaType = declared || field;
  if (!mediaType) throw new ManifestError("neither a Content-Type nor a mediaType says what this manifest is");
  const kind = KINDS[mediaType];
  if (!kind) throw new ManifestError(`unsupported manifest type "${mediaType}"`);
  if (parsed["schemaVersion"] !== 2) throw new ManifestError("schemaVersion is not 2");
  if (parsed["subject"] !== undefined) checkDescriptor(parsed["subject"], "subject");
  if (kind === "image") {
    checkDescriptor(parsed["config"], "config");
    checkDescriptors(parsed["layers"], "layers");
    // A manifest read as image by one client and as index by another hides content (CVE-2021-41190).
    if ("manifests" in parsed) throw new ManifestError("an image manifest has no manifests");
    return { kind, mediaType, manifest: parsed as unknown as ImageManifest };
  }
  checkDescriptors(parsed["manifests"], "manifests");
  if ("config" in parsed || "layers" in parsed) throw new ManifestError("an index has neither config nor layers");
  return { kind, mediaType, manifest: parsed as unknown as ImageIndex };
}

/** Digests of the content a manifest cannot be used without: blobs of an image, manifests of an index. */
export function referencedDigests(parsed: Manifest): string[] {
  if (parsed.kind === "index") return parsed.manifest.manifests.map((descriptor) => descriptor.digest);
  const layers = parsed.manifest.layers.filter((layer) => !layer.urls?.length);
  return [parsed.manifest.config, ...layers].map((descriptor) => descriptor.digest);
}

/** The type by which the referrers API lists a manifest; an image without one goes by its config's type. */
export function artifactTypeOf(parsed: Manifest): string | undefined {
  if (parsed.manifest.artifactType) return parsed.manifest.artifactType;
  return parsed.kind === "image" ? parsed.manifest.config.mediaType : undefined;
}

/** The manifest of an index that runs on `platform`; a manifest that names no variant suits any. */
export function selectPlatform(index: ImageIndex, platform: Platform): Descriptor | undefined {
  const matching = index.manifests.filter(
    (descriptor) => descriptor.platform?.os === platform.os && descriptor.platform.architecture === platform.architecture,
  );
  return matching.find((descriptor) => descriptor.platform?.variant === platform.variant) ?? matching[0];
}

function checkDescriptors(value: unknown, field: string): void {
  if (!Array.isArray(value)) throw new ManifestError(`${field} is not a list`);
  value.forEach((item, index) => checkDescriptor(item, `${field}[${index}]`));
}

function checkDescriptor(value: unknown, field: string): void {
  if (!isRecord(value)) throw new ManifestError(`${field} is not a descriptor`);
  if (typeof value["mediaType"] !== "string") throw new ManifestError(`${field}.mediaType is not a string`);
  if (!Number.isSafeInteger(value["size"]) || (value["size"] as number) < 0) throw new ManifestError(`${field}.size is not a number of bytes`);
  if (typeof value["digest"] !== "string") throw new ManifestError(`${field}.digest is not a string`);
  try {
    parseDigest(value["digest"]);
  } catch (error) {
    if (error instanceof DigestError) throw new ManifestError(`${field}.digest: ${error.message}`);
    throw error;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

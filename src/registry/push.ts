import { unexpectedStatus } from "./transport.ts";
import type { Transport } from "./transport.ts";

/** An image ready to be sent: its manifest and the blobs that names. */
export interface PackedImage {
  mediaType: string;
  manifest: Uint8Array;
  /** The manifest's. */
  digest: string;
  /** Configuration and layers by digest. */
  blobs: Map<string, Uint8Array>;
}

/**
 * Sends an image to a registry under a tag, leaving out what the registry has. Returns false when the
 * tag already stands for this very image.
 */
export async function pushImage(registry: Transport, repository: string, tag: string, image: PackedImage): Promise<boolean> {
  const path = `/v2/${repository}/manifests/${tag}`;
  const present = await registry.request("HEAD", path, { headers: { accept: image.mediaType } });
  if (present.ok && present.headers.get("docker-content-digest") === image.digest) return false;
  if (!present.ok && present.status !== 404) throw unexpectedStatus("HEAD", present, path);
  await Promise.all([...image.blobs].map(([digest, content]) => pushBlob(registry, repository, digest, content)));
  const response = await registry.request("PUT", path, { headers: { "content-type": image.mediaType }, body: image.manifest });
  if (response.status !== 201) throw await refusal("PUT", response, path);
  const named = response.headers.get("docker-content-digest");
  if (named && named !== image.digest) throw new Error(`the registry stored ${named} instead of ${image.digest}`);
  return true;
}

async function pushBlob(registry: Transport, repository: string, digest: string, content: Uint8Array): Promise<void> {
  const blob = `/v2/${repository}/blobs/${digest}`;
  const present = await registry.request("HEAD", blob);
  if (present.ok) return;
  if (present.status !== 404) throw unexpectedStatus("HEAD", present, blob);
  const uploads = `/v2/${repository}/blobs/uploads/`;
  const started = await registry.request("POST", uploads);
  if (started.status !== 202) throw await refusal("POST", started, uploads);
  const location = new URL(started.headers.get("location") ?? "", "http://registry");
  location.searchParams.set("digest", digest);
  const target = `${location.pathname}${location.search}`;
  const finished = await registry.request("PUT", target, { headers: { "content-type": "application/octet-stream" }, body: content });
  if (finished.status !== 201) throw await refusal("PUT", finished, target);
}

/** The registry's own words on why it does not take something. */
async function refusal(method: string, response: Response, path: string): Promise<Error> {
  const error = unexpectedStatus(method, response, path);
  const text = await response.text().catch(() => "");
  if (text) error.message += `: ${text}`;
  return error;
}

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { sharedCluster } from "./support/cluster.ts";
import { ROOT, start, tidepoolOk } from "./support/tidepool.ts";
import { which } from "./support/which.ts";

// https://github.com/opencontainers/distribution-spec/blob/main/spec.md
const cluster = await sharedCluster();
const registry = `${cluster.urls.registry}/v2`;

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const digestOf = (bytes: Buffer | string): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

interface Manifest {
  mediaType: string;
  config: { digest: string; size: number };
  layers: { digest: string; size: number }[];
}

async function upload(repository: string, blob: Buffer): Promise<string> {
  const begun = await fetch(`${registry}/${repository}/blobs/uploads/`, { method: "POST" });
  assert.equal(begun.status, 202);
  const location = new URL(begun.headers.get("location")!, registry);
  location.searchParams.set("digest", digestOf(blob));
  const done = await fetch(location, { method: "PUT", headers: { "content-type": "application/octet-stream" }, body: new Uint8Array(blob) });
  assert.equal(done.status, 201);
  return digestOf(blob);
}

describe("the registry", () => {
  test("speaks version 2 and lists what it has", async () => {
    assert.equal((await fetch(`${registry}/`)).status, 200);
    const { repositories } = (await (await fetch(`${registry}/_catalog`)).json()) as { repositories: string[] };
    for (const service of ["frontend", "api-gateway", "order-service", "inventory-service", "user-service"]) assert.ok(repositories.includes(`shop/${service}`), repositories.join(", "));
    const { tags } = (await (await fetch(`${registry}/shop/order-service/tags/list`)).json()) as { tags: string[] };
    assert.deepEqual(tags, ["v1", "v2"]);
  });

  test("a manifest by tag and by digest, its blobs, and that every digest is true", async () => {
    const byTag = await fetch(`${registry}/shop/order-service/manifests/v1`, { headers: { accept: MANIFEST } });
    assert.equal(byTag.status, 200);
    assert.equal(byTag.headers.get("content-type"), MANIFEST);
    const text = await byTag.text();
    const digest = byTag.headers.get("docker-content-digest")!;
    assert.equal(digestOf(text), digest);
    assert.equal(await (await fetch(`${registry}/shop/order-service/manifests/${digest}`, { headers: { accept: MANIFEST } })).text(), text);
    const { config, layers } = JSON.parse(text) as Manifest;
    for (const { digest: blob, size } of [config, ...layers]) {
      const head = await fetch(`${registry}/shop/order-service/blobs/${blob}`, { method: "HEAD" });
      assert.equal(Number(head.headers.get("content-length")), size);
      assert.equal(digestOf(Buffer.from(await (await fetch(`${registry}/shop/order-service/blobs/${blob}`)).arrayBuffer())), blob);
    }
  });

  test("push and pull: in one piece, in chunks, and mounted from another repository", async () => {
    const blob = randomBytes(100_000);
    const digest = await upload("test/push", blob);
    const begun = await fetch(`${registry}/test/push/blobs/uploads/`, { method: "POST" });
    let location = new URL(begun.headers.get("location")!, registry);
    const chunked = randomBytes(50_000);
    for (const [from, to] of [[0, 20_000], [20_000, 50_000]] as const) {
      const patched = await fetch(location, { method: "PATCH", headers: { "content-type": "application/octet-stream", "content-range": `${from}-${to - 1}` }, body: new Uint8Array(chunked.subarray(from, to)) });
      assert.equal(patched.status, 202);
      assert.equal(patched.headers.get("range"), `0-${to - 1}`);
      location = new URL(patched.headers.get("location")!, registry);
    }
    location.searchParams.set("digest", digestOf(chunked));
    assert.equal((await fetch(location, { method: "PUT" })).status, 201);
    assert.ok(Buffer.from(await (await fetch(`${registry}/test/push/blobs/${digestOf(chunked)}`)).arrayBuffer()).equals(chunked));
    const mounted = await fetch(`${registry}/test/mounted/blobs/uploads/?mount=${digest}&from=test/push`, { method: "POST" });
    assert.equal(mounted.status, 201);
    assert.equal((await fetch(`${registry}/test/mounted/blobs/${digest}`, { method: "HEAD" })).status, 200);
  });

  test("a manifest whose blobs are missing is refused, a complete one is kept", async () => {
    const config = await upload("test/image", Buffer.from("{}"));
    const put = (manifest: object): Promise<Response> => fetch(`${registry}/test/image/manifests/one`, { method: "PUT", headers: { "content-type": MANIFEST }, body: JSON.stringify(manifest) });
    const manifest = { schemaVersion: 2, mediaType: MANIFEST, config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: config, size: 2 }, layers: [] as object[] };
    const missing = await put({ ...manifest, layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: digestOf("nothing"), size: 7 }] });
    assert.equal(missing.status, 404);
    assert.equal(((await missing.json()) as { errors: { code: string }[] }).errors[0]!.code, "MANIFEST_BLOB_UNKNOWN");
    assert.equal((await put(manifest)).status, 201);
    assert.equal((await fetch(`${registry}/test/image/manifests/one`, { method: "DELETE" })).status, 202);
    assert.equal((await fetch(`${registry}/test/image/manifests/one`)).status, 404);
  });

  test("errors have the specification's codes", async () => {
    const code = async (path: string, init?: RequestInit): Promise<string> => `${(await fetch(`${registry}/${path}`, init)).status} ${((await (await fetch(`${registry}/${path}`, init)).json()) as { errors: { code: string }[] }).errors[0]!.code}`;
    assert.equal(await code("shop/order-service/manifests/nope"), "404 MANIFEST_UNKNOWN");
    assert.equal(await code(`shop/order-service/blobs/${digestOf("nothing")}`), "404 BLOB_UNKNOWN");
    assert.equal(await code("shop/nobody/tags/list"), "404 NAME_UNKNOWN");
    const begun = await fetch(`${registry}/test/push/blobs/uploads/`, { method: "POST" });
    const location = new URL(begun.headers.get("location")!, registry);
    location.searchParams.set("digest", digestOf("other"));
    const wrong = await fetch(location, { method: "PUT", body: "content" });
    assert.equal(wrong.status, 400);
    assert.equal(((await wrong.json()) as { errors: { code: string }[] }).errors[0]!.code, "DIGEST_INVALID");
  });

  test("the same sources build the same digest", async () => {
    const digest = async (): Promise<string | null> => (await fetch(`${registry}/test/echo/manifests/v1`, { method: "HEAD", headers: { accept: MANIFEST } })).headers.get("docker-content-digest");
    const before = await digest();
    await tidepoolOk(["build", join(ROOT, "test/images/echo"), "--data", cluster.dataDir]);
    assert.equal(await digest(), before);
  });

  test("skopeo copies an image out and back in", { skip: which("skopeo") ? false : "there is no skopeo (Debian: apt-get install skopeo)" }, async () => {
    const directory = mkdtempSync(join(tmpdir(), "tidepool-oci-"));
    after(() => rmSync(directory, { recursive: true, force: true }));
    const host = new URL(registry).host;
    const skopeo = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await start("skopeo", args).finished;
      assert.equal(code, 0, stdout + stderr);
      return stdout;
    };
    const inspected = JSON.parse(await skopeo("inspect", "--tls-verify=false", `docker://${host}/shop/order-service:v1`)) as { Digest: string; RepoTags: string[] };
    assert.deepEqual(inspected.RepoTags, ["v1", "v2"]);
    await skopeo("--insecure-policy", "copy", "--src-tls-verify=false", `docker://${host}/shop/order-service:v1`, `oci:${directory}:v1`);
    await skopeo("--insecure-policy", "copy", "--dest-tls-verify=false", `oci:${directory}:v1`, `docker://${host}/test/copied:v1`);
    const copied = JSON.parse(await skopeo("inspect", "--tls-verify=false", `docker://${host}/test/copied:v1`)) as { Digest: string };
    assert.equal(copied.Digest, inspected.Digest, "the same bytes there and back");
  });
});

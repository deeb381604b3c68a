import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import { ImageClient, ImageError, hostPlatform } from "./client.ts";
import { digestOf } from "./digest.ts";
import { MEDIA_TYPES } from "./manifest.ts";
import { TestRegistry } from "./testing.ts";

let registry: TestRegistry;
let directory: string;
beforeEach(() => {
  registry = new TestRegistry();
  directory = mkdtempSync(join(tmpdir(), "tidepool-images-"));
});
afterEach(() => {
  registry[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

const client = (options: { fetch?: typeof globalThis.fetch; platform?: { os: string; architecture: string } } = {}): ImageClient =>
  new ImageClient({ directory, mirrors: { "localhost:5002": "http://registry", "docker.io": "http://registry" }, fetch: registry.fetch, ...options });

/** Pushes an image with one file, and says how its layer is compressed. */
async function pushImage(repository: string, tag: string, content: string, options: { diffId?: string; mediaType?: string; compress?: (tar: Uint8Array) => Uint8Array } = {}): Promise<string> {
  const tar = await packTar([{ header: { name: "app/file", size: content.length }, body: content }]);
  const layer = await registry.blob(repository, (options.compress ?? gzipSync)(tar), options.mediaType ?? MEDIA_TYPES.ociLayerGzip);
  const config = JSON.stringify({ ...hostPlatform(), config: { User: "1000", Entrypoint: ["node"] }, rootfs: { type: "layers", diff_ids: [options.diffId ?? digestOf(tar)] } });
  return registry.image(repository, tag, { config, layers: [layer] });
}

test("an image is pulled by tag, found again without the registry, and shared by its digest", async () => {
  const digest = await pushImage("shop/a", "v1", "hello");
  const images = client();
  const pulled = await images.pull("localhost:5002/shop/a:v1");
  assert.equal(pulled.reference, "localhost:5002/shop/a:v1");
  assert.equal(pulled.repoDigest, `localhost:5002/shop/a@${digest}`);
  assert.equal(pulled.config.config?.User, "1000");
  assert.equal(readFileSync(join(pulled.rootfs, "app/file"), "utf8"), "hello");

  const offline = client({ fetch: () => Promise.reject(new Error("offline")) });
  assert.deepEqual(await offline.local("localhost:5002/shop/a:v1"), pulled);
  assert.equal((await offline.local(`localhost:5002/shop/a@${digest}`))?.rootfs, pulled.rootfs);
  assert.equal(await offline.local("localhost:5002/shop/a:v2"), undefined);
  assert.deepEqual(await offline.store.list(), [{ names: [`localhost:5002/shop/a:v1`, `localhost:5002/shop/a@${digest}`], sizeBytes: pulled.sizeBytes }]);
});

test("a tag that moved is pulled anew; its old content stays by digest", async () => {
  const first = await pushImage("shop/a", "v1", "one");
  const images = client();
  await images.pull("localhost:5002/shop/a:v1");
  await pushImage("shop/a", "v1", "two");
  assert.equal(readFileSync(join((await images.pull("localhost:5002/shop/a:v1")).rootfs, "app/file"), "utf8"), "two");
  assert.equal(readFileSync(join((await images.pull(`localhost:5002/shop/a@${first}`)).rootfs, "app/file"), "utf8"), "one");
});

test("Docker Hub's names come from the mirror", async () => {
  await pushImage("library/postgres", "18", "pg");
  assert.equal((await client().pull("postgres:18")).reference, "docker.io/library/postgres:18");
});

test("an index gives the manifest for the platform", async () => {
  const mine = await pushImage("a", "mine", "mine");
  const other = await pushImage("a", "other", "other");
  const entry = (digest: string, architecture: string) => ({ mediaType: MEDIA_TYPES.ociManifest, digest, size: 1, platform: { os: "linux", architecture } });
  const index = JSON.stringify({ schemaVersion: 2, manifests: [entry(other, "other"), entry(mine, "mine")] });
  await registry.send("PUT", "/v2/a/manifests/all", { headers: { "content-type": MEDIA_TYPES.ociIndex }, body: index });

  const pulled = await client({ platform: { os: "linux", architecture: "mine" } }).pull("localhost:5002/a:all");
  assert.equal(readFileSync(join(pulled.rootfs, "app/file"), "utf8"), "mine");
  assert.equal(pulled.repoDigest, `localhost:5002/a@${digestOf(index)}`);
  assert.equal((await client().local("localhost:5002/a:all"))?.repoDigest, pulled.repoDigest);
  rmSync(directory, { recursive: true });
  mkdirSync(directory);
  await assert.rejects(client({ platform: { os: "linux", architecture: "none" } }).pull("localhost:5002/a:all"), {
    message: `failed to pull and unpack image "localhost:5002/a:all": no match for platform in manifest ${digestOf(index)}: not found`,
  });
});

test("what is not there is not found, in containerd's words", async () => {
  await assert.rejects(client().pull("localhost:5002/shop/x:v9"), (error) => {
    assert.ok(error instanceof ImageError);
    assert.equal(error.code, "NotFound");
    assert.equal(
      error.message,
      'failed to pull and unpack image "localhost:5002/shop/x:v9": failed to resolve reference "localhost:5002/shop/x:v9": localhost:5002/shop/x:v9: not found',
    );
    return true;
  });
});

test("who misses a public image hears which registry was asked", async () => {
  await assert.rejects(client().pull("nginx"), {
    message: /docker\.io\/library\/nginx:latest: not found in http:\/\/registry, which is asked in place of docker\.io; http:\/\/registry\/v2\/_catalog lists what there is$/,
  });
});

test("a registry that does not answer is named with the system's reason", async () => {
  const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED", address: "127.0.0.1", port: 5002 });
  await assert.rejects(client({ fetch: () => Promise.reject(new TypeError("fetch failed", { cause: refused })) }).pull("localhost:5002/a:v1"), {
    message:
      'failed to pull and unpack image "localhost:5002/a:v1": failed to resolve reference "localhost:5002/a:v1": failed to do request: Head "http://registry/v2/a/manifests/v1": dial tcp 127.0.0.1:5002: connect: connection refused',
  });
});

test("a layer with other content than its digest says is never unpacked", async () => {
  await pushImage("a", "v1", "good");
  const corrupting: typeof fetch = async (input, init) => {
    const response = await registry.fetch(input, init);
    return response.headers.get("content-type") === "application/octet-stream" && (init?.method ?? "GET") === "GET"
      ? new Response(Buffer.concat([Buffer.from(await response.arrayBuffer()), Buffer.from(" ")]), response)
      : response;
  };
  await assert.rejects(client({ fetch: corrupting }).pull("localhost:5002/a:v1"), /unexpected commit digest sha256:.*: failed precondition/);
  assert.deepEqual(readdirSync(directory), []);
});

test("a layer that unpacks to something else than the image says is refused, and leaves nothing", async () => {
  await pushImage("a", "v1", "x", { diffId: digestOf("something else") });
  await assert.rejects(client().pull("localhost:5002/a:v1"), /failed to extract layer .*: wrong diff id calculated on extraction/);
  assert.deepEqual(readdirSync(directory), []);
});

test("plain layers are taken, unknown compression is refused by name", async () => {
  await pushImage("a", "plain", "x", { mediaType: "application/vnd.oci.image.layer.v1.tar", compress: (tar) => tar });
  await client().pull("localhost:5002/a:plain");
  await pushImage("a", "odd", "y", { mediaType: "application/vnd.oci.image.layer.v1.tar+brotli" });
  await assert.rejects(client().pull("localhost:5002/a:odd"), /unsupported layer type "application\/vnd.oci.image.layer.v1.tar\+brotli"/);
});

test("pulls of one image at the same time share the work", async () => {
  await pushImage("a", "v1", "x");
  let requests = 0;
  const images = client({ fetch: (...request) => (requests++, registry.fetch(...request)) });
  const pulled = await Promise.all(Array.from({ length: 10 }, () => images.pull("localhost:5002/a:v1")));
  assert.equal(new Set(pulled.map((image) => image.rootfs)).size, 1);
  assert.equal(requests, 4);
});

test("what a crash left of a pull is removed before the next", async () => {
  await pushImage("a", "v1", "x");
  mkdirSync(join(directory, ".pull-crashed/rootfs"), { recursive: true });
  await client().pull("localhost:5002/a:v1");
  assert.equal(readdirSync(directory).some((name) => name.startsWith(".pull-")), false);
});

test("a registry that asks for a token gets one", async () => {
  await pushImage("a", "v1", "x");
  const guarded: typeof fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.host === "auth") return Promise.resolve(Response.json(url.searchParams.get("scope") === "repository:a:pull" ? { token: "T" } : {}));
    if (new Headers(init?.headers).get("authorization") === "Bearer T") return registry.fetch(input, init);
    return Promise.resolve(new Response("", { status: 401, headers: { "www-authenticate": 'Bearer realm="http://auth/token",service="r",scope="repository:a:pull"' } }));
  };
  await client({ fetch: guarded }).pull("localhost:5002/a:v1");
  const closed: typeof fetch = () => Promise.resolve(new Response("", { status: 401, headers: { "www-authenticate": "Basic" } }));
  await assert.rejects(client({ fetch: closed }).pull("localhost:5002/b:v1"), /pull access denied, repository does not exist or may require authorization/);
});

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "./digest.ts";
import { MEDIA_TYPES } from "./manifest.ts";
import { TestRegistry, codes, text } from "./testing.ts";

const HELLO = digestOf("hello world");

test("the API says that it is there", async () => {
  using registry = new TestRegistry();
  const answer = await registry.send("GET", "/v2/");
  assert.equal(answer.status, 200);
  assert.equal(answer.headers["docker-distribution-api-version"], "registry/2.0");
  assert.equal((await registry.send("GET", "/v1/search")).status, 404);
  assert.equal((await registry.send("POST", "/v2/")).status, 405);
});

test("a blob arrives in one request and is found in its repository alone", async () => {
  using registry = new TestRegistry();
  const pushed = await registry.send("POST", `/v2/a/b/blobs/uploads/?digest=${HELLO}`, { body: "hello world" });
  assert.equal(pushed.status, 201);
  assert.equal(pushed.headers["location"], `/v2/a/b/blobs/${HELLO}`);
  const head = await registry.send("HEAD", `/v2/a/b/blobs/${HELLO}`);
  assert.deepEqual([head.status, head.headers["content-length"], head.headers["docker-content-digest"], text(head)], [200, "11", HELLO, ""]);
  const other = await registry.send("GET", `/v2/a/c/blobs/${HELLO}`);
  assert.deepEqual([other.status, codes(other)], [404, ["BLOB_UNKNOWN"]]);
});

test("part of a blob can be asked for", async () => {
  using registry = new TestRegistry();
  await registry.blob("a", "hello world");
  const ask = (range: string) => registry.send("GET", `/v2/a/blobs/${HELLO}`, { headers: { range } });
  const tail = await ask("bytes=6-");
  assert.deepEqual([tail.status, text(tail), tail.headers["content-range"], tail.headers["content-length"]], [206, "world", "bytes 6-10/11", "5"]);
  assert.equal(text(await ask("bytes=0-4")), "hello");
  assert.equal(text(await ask("bytes=-3")), "rld");
  assert.equal(text(await ask("bytes=0-99")), "hello world");
  const beyond = await ask("bytes=11-");
  assert.deepEqual([beyond.status, beyond.headers["content-range"]], [416, "bytes */11"]);
  assert.equal((await ask("bytes=0-1,3-4")).status, 200);
});

test("a client that has a blob or manifest already is told so", async () => {
  using registry = new TestRegistry();
  const digest = await registry.image("a", "v1");
  const answer = await registry.send("GET", "/v2/a/manifests/v1", { headers: { "if-none-match": `"${digest}"` } });
  assert.deepEqual([answer.status, text(answer)], [304, ""]);
});

test("chunks are taken in order, their place checked, the whole verified", async () => {
  using registry = new TestRegistry();
  const started = await registry.send("POST", "/v2/a/blobs/uploads/");
  assert.equal(started.status, 202);
  const location = started.headers["location"]!;
  const chunk = (body: string, range: string) => registry.send("PATCH", location, { headers: { "content-range": range }, body });

  assert.equal((await chunk("hello ", "0-5")).headers["range"], "0-5");
  const early = await chunk("rld", "8-10");
  assert.deepEqual([early.status, early.headers["range"], early.headers["location"]], [416, "0-5", location]);
  const short = await chunk("w", "6-10");
  assert.deepEqual([short.status, codes(short)], [400, ["SIZE_INVALID"]]);
  const status = await registry.send("GET", location);
  assert.deepEqual([status.status, status.headers["range"]], [204, "0-5"]);

  const finished = await registry.send("PUT", `${location}?digest=${HELLO}`, { body: "world" });
  assert.equal(finished.status, 201);
  assert.equal(text(await registry.send("GET", `/v2/a/blobs/${HELLO}`)), "hello world");
  assert.deepEqual(codes(await registry.send("GET", location)), ["BLOB_UPLOAD_UNKNOWN"]);
});

test("content that is not what its digest says is refused and forgotten", async () => {
  using registry = new TestRegistry();
  const wrong = await registry.send("POST", `/v2/a/blobs/uploads/?digest=${HELLO}`, { body: "hello, world" });
  assert.deepEqual([wrong.status, codes(wrong)], [400, ["DIGEST_INVALID"]]);
  assert.equal((await registry.send("HEAD", `/v2/a/blobs/${HELLO}`)).status, 404);
  for (const digest of ["sha256:abc", "md5:d41d8cd98f00b204e9800998ecf8427e", "nonsense"]) {
    assert.deepEqual(codes(await registry.send("POST", `/v2/a/blobs/uploads/?digest=${digest}`, { body: "x" })), ["DIGEST_INVALID"]);
  }
});

test("an upload can be given up, and belongs to its repository", async () => {
  using registry = new TestRegistry();
  const location = (await registry.send("POST", "/v2/a/blobs/uploads/")).headers["location"]!;
  assert.deepEqual(codes(await registry.send("PATCH", location.replace("/v2/a/", "/v2/b/"), { body: "x" })), ["BLOB_UPLOAD_UNKNOWN"]);
  assert.equal((await registry.send("DELETE", location)).status, 204);
  assert.deepEqual(codes(await registry.send("PATCH", location, { body: "x" })), ["BLOB_UPLOAD_UNKNOWN"]);
});

test("an upload survives a restart at the byte it had reached", async () => {
  using registry = new TestRegistry();
  const location = (await registry.send("POST", "/v2/a/blobs/uploads/")).headers["location"]!;
  await registry.send("PATCH", location, { body: "hello " });
  registry.reopen();
  assert.equal((await registry.send("GET", location)).headers["range"], "0-5");
  assert.equal((await registry.send("PUT", `${location}?digest=${HELLO}`, { body: "world" })).status, 201);
});

test("bytes of a broken connection stay, so that the client can go on from there", async () => {
  using registry = new TestRegistry();
  const location = (await registry.send("POST", "/v2/a/blobs/uploads/")).headers["location"]!;
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("hel");
    throw new Error("connection reset");
  }
  await assert.rejects(registry.send("PATCH", location, { body: broken() }), /connection reset/);
  assert.equal((await registry.send("GET", location)).headers["range"], "0-2");
});

test("a blob is mounted from another repository, and an upload begins where that can't be", async () => {
  using registry = new TestRegistry();
  await registry.blob("a", "hello world");
  assert.equal((await registry.send("POST", `/v2/b/blobs/uploads/?mount=${HELLO}&from=a`)).status, 201);
  assert.equal((await registry.send("HEAD", `/v2/b/blobs/${HELLO}`)).status, 200);
  assert.equal((await registry.send("POST", `/v2/c/blobs/uploads/?mount=${HELLO}&from=z`)).status, 202);
});

test("many clients pushing the same blob leave one good copy", async () => {
  using registry = new TestRegistry();
  const content = "x".repeat(100_000);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => registry.send("POST", `/v2/r${i % 3}/blobs/uploads/?digest=${digestOf(content)}`, { body: content })),
  );
  assert.ok(answers.every((answer) => answer.status === 201));
  assert.equal(text(await registry.send("GET", `/v2/r1/blobs/${digestOf(content)}`)), content);
});

test("chunks sent to one upload at once never mix", async () => {
  using registry = new TestRegistry();
  const location = (await registry.send("POST", "/v2/a/blobs/uploads/")).headers["location"]!;
  const answers = await Promise.all(["aaaa", "bbbb"].map((body) => registry.send("PATCH", location, { headers: { "content-range": "0-3" }, body })));
  assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([202, 416]));
  const done = await registry.send("PUT", `${location}?digest=${digestOf("aaaa")}`);
  assert.equal(done.status, 201);
});

test("a manifest comes back byte for byte, by tag and by digest", async () => {
  using registry = new TestRegistry();
  const config = await registry.blob("a", "{}");
  const manifest = `{ "schemaVersion": 2,\n "config": ${JSON.stringify(config)}, "layers": [] }`;
  const put = await registry.send("PUT", "/v2/a/manifests/v1", { headers: { "content-type": MEDIA_TYPES.ociManifest }, body: manifest });
  assert.deepEqual([put.status, put.headers["docker-content-digest"]], [201, digestOf(manifest)]);
  for (const reference of ["v1", digestOf(manifest)]) {
    const got = await registry.send("GET", `/v2/a/manifests/${reference}`);
    assert.deepEqual([got.status, text(got), got.headers["content-type"]], [200, manifest, MEDIA_TYPES.ociManifest]);
  }
  const head = await registry.send("HEAD", "/v2/a/manifests/v1");
  assert.deepEqual([head.headers["content-length"], text(head)], [String(manifest.length), ""]);
});

test("manifests that can't be used are refused by what is wrong with them", async () => {
  using registry = new TestRegistry();
  const config = await registry.blob("a", "{}");
  const layer = { mediaType: "x/y", digest: HELLO, size: 11 };
  const put = (body: unknown, type: string = MEDIA_TYPES.ociManifest, path = "/v2/a/manifests/v1") =>
    registry.send("PUT", path, { headers: { "content-type": type }, body: typeof body === "string" ? body : JSON.stringify(body) });
  const image = { schemaVersion: 2, config, layers: [] };

  const missing = await put({ ...image, layers: [layer] });
  assert.deepEqual([missing.status, codes(missing)], [404, ["MANIFEST_BLOB_UNKNOWN"]]);
  assert.equal((await put({ ...image, layers: [{ ...layer, urls: ["https://elsewhere"] }] })).status, 201);

  const cases: [unknown, string, RegExp][] = [
    ["{", MEDIA_TYPES.ociManifest, /not JSON/],
    [{ ...image, schemaVersion: 1 }, MEDIA_TYPES.ociManifest, /schemaVersion is not 2/],
    [{ ...image, mediaType: MEDIA_TYPES.ociIndex }, MEDIA_TYPES.ociManifest, /differs from Content-Type/],
    [{ ...image, layers: undefined }, MEDIA_TYPES.ociManifest, /layers is not a list/],
    [{ ...image, config: { ...config, digest: "sha256:1" } }, MEDIA_TYPES.ociManifest, /config.digest: invalid checksum digest length/],
    [{ ...image, manifests: [] }, MEDIA_TYPES.ociManifest, /an image manifest has no manifests/],
    [image, "application/vnd.docker.distribution.manifest.v1+json", /unsupported manifest type/],
  ];
  for (const [body, type, message] of cases) {
    const answer = await put(body, type);
    assert.deepEqual([answer.status, codes(answer)], [400, ["MANIFEST_INVALID"]]);
    assert.match(text(answer), message);
  }
  assert.deepEqual(codes(await put(image, MEDIA_TYPES.ociManifest, `/v2/a/manifests/${HELLO}`)), ["DIGEST_INVALID"]);
  assert.deepEqual(codes(await put(image, MEDIA_TYPES.ociManifest, "/v2/a/manifests/-bad")), ["TAG_INVALID"]);
  assert.equal((await put(" ".repeat(4 * 1024 * 1024 + 1))).status, 413);
  assert.deepEqual(codes(await put(image, MEDIA_TYPES.ociManifest, "/v2/A/manifests/v1")), ["NAME_INVALID"]);
});

test("an index needs its manifests, Docker's types are known too", async () => {
  using registry = new TestRegistry();
  const digest = await registry.image("a", "v1");
  const list = (manifest: string) => JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType: MEDIA_TYPES.dockerManifest, digest: manifest, size: 1 }] });
  const put = (body: string) => registry.send("PUT", "/v2/a/manifests/all", { headers: { "content-type": MEDIA_TYPES.dockerList }, body });
  assert.equal((await put(list(digest))).status, 201);
  assert.deepEqual(codes(await put(list(HELLO))), ["MANIFEST_BLOB_UNKNOWN"]);
});

test("tags and repositories are listed page by page", async () => {
  using registry = new TestRegistry();
  for (const tag of ["v2", "v10", "latest", "v1"]) await registry.image("shop/a", tag);
  await registry.image("b", "x");
  const list = async (path: string) => {
    const answer = await registry.send("GET", path);
    return [JSON.parse(text(answer)), answer.headers["link"]];
  };
  assert.deepEqual(await list("/v2/shop/a/tags/list"), [{ name: "shop/a", tags: ["latest", "v1", "v10", "v2"] }, undefined]);
  const [page, link] = await list("/v2/shop/a/tags/list?n=3");
  assert.deepEqual(page.tags, ["latest", "v1", "v10"]);
  assert.equal(link, '</v2/shop/a/tags/list?last=v10&n=3>; rel="next"');
  assert.deepEqual(await list("/v2/shop/a/tags/list?last=v10&n=3"), [{ name: "shop/a", tags: ["v2"] }, undefined]);
  assert.deepEqual(await list("/v2/shop/a/tags/list?n=0"), [{ name: "shop/a", tags: [] }, undefined]);
  assert.deepEqual(await list("/v2/_catalog?n=1"), [{ repositories: ["b"] }, '</v2/_catalog?last=b&n=1>; rel="next"']);
  assert.deepEqual(codes(await registry.send("GET", "/v2/shop/a/tags/list?n=-1")), ["PAGINATION_NUMBER_INVALID"]);
  assert.deepEqual(codes(await registry.send("GET", "/v2/none/tags/list")), ["NAME_UNKNOWN"]);
});

test("referrers of a manifest are listed, also when they came first", async () => {
  using registry = new TestRegistry();
  const subject = { mediaType: MEDIA_TYPES.ociManifest, digest: HELLO, size: 11 };
  const config = await registry.blob("a", "{}", "application/vnd.example.config");
  const manifest = JSON.stringify({ schemaVersion: 2, config, layers: [], subject, annotations: { a: "1" } });
  const put = await registry.send("PUT", "/v2/a/manifests/sbom", { headers: { "content-type": MEDIA_TYPES.ociManifest }, body: manifest });
  assert.equal(put.headers["oci-subject"], HELLO);

  const all = await registry.send("GET", `/v2/a/referrers/${HELLO}`);
  assert.equal(all.headers["content-type"], MEDIA_TYPES.ociIndex);
  assert.deepEqual(JSON.parse(text(all)).manifests, [
    { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf(manifest), size: manifest.length, artifactType: "application/vnd.example.config", annotations: { a: "1" } },
  ]);
  const filtered = await registry.send("GET", `/v2/a/referrers/${HELLO}?artifactType=other`);
  assert.deepEqual([JSON.parse(text(filtered)).manifests, filtered.headers["oci-filters-applied"]], [[], "artifactType"]);
  assert.deepEqual(JSON.parse(text(await registry.send("GET", `/v2/none/referrers/${HELLO}`))).manifests, []);
  assert.equal((await registry.send("GET", "/v2/a/referrers/sha256:1")).status, 400);
});

test("a tag can go while its manifest stays; a manifest takes its tags along", async () => {
  using registry = new TestRegistry();
  const digest = await registry.image("a", "v1");
  await registry.image("a", "again", { config: '{"tag":"v1"}' });
  assert.equal((await registry.send("DELETE", "/v2/a/manifests/v1")).status, 202);
  assert.deepEqual(codes(await registry.send("GET", "/v2/a/manifests/v1")), ["MANIFEST_UNKNOWN"]);
  assert.equal((await registry.send("GET", `/v2/a/manifests/${digest}`)).status, 200);
  assert.equal((await registry.send("DELETE", `/v2/a/manifests/${digest}`)).status, 202);
  assert.equal((await registry.send("GET", "/v2/a/manifests/again")).status, 404);
  assert.equal((await registry.send("DELETE", `/v2/a/manifests/${digest}`)).status, 404);
});

test("everything acknowledged is there after a restart", async () => {
  using registry = new TestRegistry();
  const digest = await registry.image("a", "v1", { layers: [await registry.blob("a", "hello world")] });
  registry.reopen();
  assert.equal((await registry.send("HEAD", "/v2/a/manifests/v1")).headers["docker-content-digest"], digest);
  assert.equal(text(await registry.send("GET", `/v2/a/blobs/${HELLO}`)), "hello world");
});

test("garbage collection frees what nothing needs, and nothing younger than an hour", async () => {
  using registry = new TestRegistry();
  const used = await registry.blob("a", "used");
  await registry.image("a", "v1", { layers: [used] });
  await registry.blob("a", "unused");
  await registry.send("POST", "/v2/a/blobs/uploads/");
  assert.deepEqual(registry.registry.collectGarbage(), { uploads: 0, links: 0, blobs: 0 });

  await registry.clock.advance(25 * 3_600_000);
  await registry.blob("a", "just arrived");
  assert.deepEqual(registry.registry.collectGarbage(), { uploads: 1, links: 1, blobs: 1 });
  const file = (content: string) => {
    const hex = digestOf(content).slice("sha256:".length);
    return existsSync(join(registry.directory, "blobs/sha256", hex.slice(0, 2), hex));
  };
  assert.deepEqual([file("used"), file("unused"), file("just arrived")], [true, false, true]);
});

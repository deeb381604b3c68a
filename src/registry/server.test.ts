import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { FakeClock } from "#lib/clock.ts";
import { silentLogger } from "#lib/log.ts";
import { buildImages } from "./build/build.ts";
import { ImageClient } from "./client.ts";
import { digestOf } from "./digest.ts";
import { Registry } from "./registry.ts";
import { serveRegistry } from "./server.ts";
import type { RegistryServer } from "./server.ts";

const run = promisify(execFile);

let directory: string;
let registry: Registry;
let server: RegistryServer;
before(async () => {
  directory = mkdtempSync(join(tmpdir(), "tidepool-served-"));
  registry = new Registry({ directory: join(directory, "registry"), clock: new FakeClock(), newId: randomUUID });
  server = await serveRegistry(registry, { port: 0, log: silentLogger });
  writeFileSync(join(directory, "image.json"), JSON.stringify({ image: "shop/a", entry: "main.ts", versions: ["v1"] }));
  writeFileSync(join(directory, "main.ts"), "console.log('a')");
  await buildImages({ folders: [directory], registryUrl: server.url, cacheDirectory: join(directory, "cache"), log: silentLogger, clock: new FakeClock() });
});
after(async () => {
  await server.close();
  registry.close();
  rmSync(directory, { recursive: true });
});

test("an image built here is pulled over HTTP", async () => {
  const images = new ImageClient({ directory: join(directory, "images"), mirrors: { "localhost:5002": server.url } });
  const { rootfs } = await images.pull("localhost:5002/shop/a:v1");
  assert.match(readFileSync(join(rootfs, "app/main.cjs"), "utf8"), /console\.log\("a"\)/);
});

test("a large blob goes up and down without being held in memory", async () => {
  const size = 64 * 1024 * 1024;
  const content = Buffer.alloc(size, "tide");
  const digest = digestOf(content);
  const started = await fetch(`${server.url}/v2/big/blobs/uploads/`, { method: "POST" });
  const location = new URL(started.headers.get("location")!, server.url);
  location.searchParams.set("digest", digest);
  assert.equal((await fetch(location, { method: "PUT", body: content })).status, 201);
  const got = await fetch(`${server.url}/v2/big/blobs/${digest}`);
  assert.equal(got.headers.get("content-length"), String(size));
  assert.equal(digestOf(new Uint8Array(await got.arrayBuffer())), digest);
});

test("a second registry on the same port is told that it is taken", async () => {
  await assert.rejects(serveRegistry(registry, { port: server.port, log: silentLogger }), { code: "EADDRINUSE" });
});

/** The real tool, where the machine has it: Debian's package of the same name. */
function hasTool(name: string): boolean {
  try {
    execFileSync(name, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

test("skopeo inspects, copies, lists and deletes", { skip: !hasTool("skopeo") && "skopeo is not installed (apt-get install skopeo)" }, async () => {
  const at = (name: string): string => `docker://127.0.0.1:${server.port}/${name}`;
  const skopeo = (command: string, ...args: string[]) => run("skopeo", ["--insecure-policy", command, ...args], { env: { ...process.env, TMPDIR: directory } });
  const plain = ["--src-tls-verify=false", "--dest-tls-verify=false"];

  const inspected = JSON.parse((await skopeo("inspect", "--tls-verify=false", at("shop/a:v1"))).stdout);
  assert.deepEqual([inspected.Os, inspected.RepoTags, inspected.Labels["org.opencontainers.image.version"]], ["linux", ["v1"], "v1"]);

  await skopeo("copy", "--src-tls-verify=false", at("shop/a:v1"), `oci:${directory}/layout:v1`);
  await skopeo("copy", "--dest-tls-verify=false", `oci:${directory}/layout:v1`, at("copies/a:oci"));
  await skopeo("copy", "--dest-tls-verify=false", "--format", "v2s2", `oci:${directory}/layout:v1`, at("copies/a:docker"));
  await skopeo("copy", ...plain, at("shop/a:v1"), at("copies/b:mounted"));
  assert.deepEqual(JSON.parse((await skopeo("list-tags", "--tls-verify=false", at("copies/a"))).stdout).Tags, ["docker", "oci"]);
  const digest = (name: string) => skopeo("inspect", "--tls-verify=false", "--format", "{{.Digest}}", at(name)).then(({ stdout }) => stdout.trim());
  assert.equal(await digest("copies/a:oci"), await digest("shop/a:v1"));

  await skopeo("delete", "--tls-verify=false", at("copies/a:docker"));
  assert.deepEqual(JSON.parse((await skopeo("list-tags", "--tls-verify=false", at("copies/a"))).stdout).Tags, ["oci"]);
});

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { promisify } from "node:util";
import { silentLogger } from "#lib/log.ts";
import { ImageClient } from "../client.ts";
import { TestRegistry, text } from "../testing.ts";
import { BundleError } from "./bundle.ts";
import { buildImages, discoverImageFolders } from "./build.ts";
import type { BuiltImage } from "./build.ts";
import { ImageFolderError } from "./folder.ts";

let directory: string;
let apps: string;
let registry: TestRegistry;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tidepool-build-"));
  apps = join(directory, "checkout/apps");
  registry = new TestRegistry();
  write("checkout/package-lock.json", "{}");
  write("checkout/apps/shop/common/src/greet.ts", `export const greet = (who: string): string => "hello " + who;`);
  for (const name of ["one", "two"]) {
    write(`checkout/apps/shop/${name}/image.json`, JSON.stringify({ image: `shop/${name}`, entry: "src/main.ts", versions: ["v1", "v2"], ports: [8080], assets: { public: "public" }, browser: { "web/main.ts": "public/main.js" } }));
    write(`checkout/apps/shop/${name}/src/main.ts`, `import { greet } from "../../common/src/greet.ts"; console.log(greet("${name}"), process.env.SERVICE_VERSION);`);
    write(`checkout/apps/shop/${name}/public/index.html`, `<script type="module" src="main.js"></script>`);
    write(`checkout/apps/shop/${name}/web/main.ts`, `document.title = "${name}" as string;`);
  }
});
afterEach(() => {
  registry[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

function write(path: string, content: string): void {
  mkdirSync(join(directory, path, ".."), { recursive: true });
  writeFileSync(join(directory, path), content);
}

function build(options: { folders?: string[]; cache?: string } = {}): Promise<BuiltImage[]> {
  return buildImages({
    folders: options.folders ?? discoverImageFolders(apps),
    registryUrl: "http://registry",
    cacheDirectory: join(directory, options.cache ?? "cache"),
    log: silentLogger,
    clock: registry.clock,
    fetch: registry.fetch,
  });
}

const digests = (built: BuiltImage[]): string[] => built.map(({ image, tag, digest }) => `${image}:${tag} ${digest}`);

test("folders become images that run, one tag per version, layers shared", async () => {
  const built = await build();
  assert.deepEqual(built.map(({ image, tag, pushed, cached }) => [image, tag, pushed, cached]), [
    ["shop/one", "v1", true, false],
    ["shop/one", "v2", true, false],
    ["shop/two", "v1", true, false],
    ["shop/two", "v2", true, false],
  ]);
  const manifest = async (tag: string) => JSON.parse(text(await registry.send("GET", `/v2/shop/one/manifests/${tag}`)));
  assert.deepEqual((await manifest("v1")).layers, (await manifest("v2")).layers);

  const images = new ImageClient({ directory: join(directory, "images"), mirrors: { "localhost:5002": "http://registry" }, fetch: registry.fetch });
  const pulled = await images.pull("localhost:5002/shop/one:v2");
  assert.deepEqual(pulled.config.config, {
    User: "1000",
    ExposedPorts: { "8080/tcp": {} },
    Env: ["SERVICE_NAME=one", "SERVICE_VERSION=v2"],
    Entrypoint: ["node", "main.cjs"],
    WorkingDir: "/app",
    Labels: { "org.opencontainers.image.title": "one", "org.opencontainers.image.version": "v2" },
  });
  const ran = await promisify(execFile)(process.execPath, ["main.cjs"], { cwd: join(pulled.rootfs, "app"), env: { SERVICE_VERSION: "v2" } });
  assert.equal(ran.stdout, "hello one v2\n");
  const script = await promisify(execFile)("cat", [join(pulled.rootfs, "app/public/index.html"), join(pulled.rootfs, "app/public/main.js")]);
  assert.match(script.stdout, /src="main.js".*document\.title="one"/s);
});

test("the same sources give the same digests: elsewhere, at another time, alone", async () => {
  const first = await build();
  const moved = join(directory, "elsewhere/deeper");
  cpSync(join(directory, "checkout"), moved, { recursive: true });
  utimesSync(join(moved, "apps/shop/one/public/index.html"), 1, 1);
  assert.deepEqual(digests(await build({ folders: discoverImageFolders(join(moved, "apps")), cache: "cache2" })), digests(first));
  assert.deepEqual(digests(await build({ folders: [join(apps, "shop/two")], cache: "cache3" })), digests(first).slice(2));
});

test("nothing is built or pushed again until something changes, and then only that", async () => {
  const first = await build();
  const again = await build();
  assert.ok(again.every(({ pushed, cached }) => !pushed && cached));
  assert.deepEqual(digests(again), digests(first));

  write("checkout/apps/shop/two/src/main.ts", `console.log("changed");`);
  assert.deepEqual((await build()).map(({ cached, pushed }) => [cached, pushed]), [[true, false], [true, false], [false, true], [false, true]]);
  write("checkout/apps/shop/one/public/new.css", "a {}");
  assert.deepEqual((await build()).map(({ cached }) => cached), [false, false, true, true]);
  write("checkout/apps/shop/common/src/greet.ts", `export const greet = (who: string): string => "bye " + who;`);
  assert.deepEqual((await build()).map(({ cached }) => cached), [false, false, true, true]);
});

test("an empty registry gets the images from the cache", async () => {
  const first = await build();
  registry[Symbol.dispose]();
  registry = new TestRegistry();
  const again = await build();
  assert.ok(again.every(({ pushed, cached }) => pushed && cached));
  assert.deepEqual(digests(again), digests(first));
});

test("a tag someone moved is set right again", async () => {
  const [first] = await build();
  await registry.image("shop/one", "v1");
  assert.equal((await build())[0]!.pushed, true);
  assert.equal((await registry.send("HEAD", "/v2/shop/one/manifests/v1")).headers["docker-content-digest"], first!.digest);
});

test("a program that does not bundle is refused with the place, and nothing is pushed", async () => {
  write("checkout/apps/shop/two/src/main.ts", `import "./missing.ts";\nconsole.log(import.meta.url);`);
  await assert.rejects(build(), (error) => {
    assert.ok(error instanceof BundleError);
    assert.match(error.message, /apps\/shop\/two\/src\/main\.ts:1:7: Could not resolve "\.\/missing\.ts"/);
    assert.match(error.message, /apps\/shop\/two\/src\/main\.ts:2:\d+: "import\.meta" is not available/);
    return true;
  });
  assert.equal(text(await registry.send("GET", "/v2/_catalog")), '{"repositories":[]}');
});

test("image.json is checked by field", async () => {
  const cases: [object, RegExp][] = [
    [{ image: "shop/one", entry: "src/main.ts", versions: ["v1"], port: 1 }, /image\.json: unknown field "port"/],
    [{ image: "Shop", entry: "src/main.ts", versions: ["v1"] }, /image "Shop" is no repository name/],
    [{ image: "shop/one", versions: ["v1"] }, /entry is not a string/],
    [{ image: "shop/one", entry: "x", versions: [] }, /versions is not a list of tags/],
    [{ image: "shop/one", entry: "x", versions: ["v1"], ports: [0] }, /ports is not a list of ports/],
    [{ image: "shop/one", entry: "x", versions: ["v1"], assets: { "../x": "y" } }, /assets: "\.\.\/x" is not in this folder/],
  ];
  for (const [content, message] of cases) {
    write("checkout/apps/shop/one/image.json", JSON.stringify(content));
    await assert.rejects(build(), (error) => error instanceof ImageFolderError && message.test(error.message));
  }
});

import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { packTar } from "modern-tar";
import type { TarEntry, TarHeader } from "modern-tar";
import { LayerError, applyLayer } from "./unpack.ts";

let directory: string;
let root: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tidepool-unpack-"));
  root = join(directory, "root");
  mkdirSync(root);
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Entries in short: a name and a content, or a header. */
async function apply(...entries: ([name: string, content: string] | TarHeader)[]): Promise<void> {
  const packed = await packTar(
    entries.map((entry): TarEntry => (Array.isArray(entry) ? { header: { name: entry[0], size: entry[1].length }, body: entry[1] } : { header: entry })),
  );
  await applyLayer(root, (async function* () {
    yield packed;
  })());
}

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const link = (name: string, linkname: string): TarHeader => ({ name, linkname, type: "symlink", size: 0 });

test("files, directories and links appear, with the owner's permissions", async () => {
  await apply({ name: "bin/", type: "directory", size: 0, mode: 0o555 }, ["bin/a", "A"], { name: "bin/b", type: "link", linkname: "bin/a", size: 0 }, link("c", "bin/a"), ["deep/er/file", "x"]);
  assert.equal(read("bin/b"), "A");
  assert.equal(readlinkSync(join(root, "c")), "bin/a");
  assert.equal(read("deep/er/file"), "x");
  assert.equal(statSync(join(root, "bin")).mode & 0o777, 0o755);
});

test("set-user-id bits are not kept", async () => {
  await apply({ name: "tool", size: 0, mode: 0o4755 });
  assert.equal(statSync(join(root, "tool")).mode & 0o7777, 0o755);
});

test("a later layer replaces files, and directories by files", async () => {
  await apply(["a", "1"], ["d/x", "1"]);
  await apply(["a", "2"], ["d", "file now"]);
  assert.equal(read("a"), "2");
  assert.equal(read("d"), "file now");
});

test("whiteouts remove what lower layers have", async () => {
  await apply(["etc/keep", "1"], ["etc/gone", "1"], ["opt/old/a", "1"]);
  await apply(["etc/.wh.gone", ""], ["opt/new", "2"], ["opt/.wh..wh..opq", ""]);
  assert.deepEqual(readdirSync(join(root, "etc")), ["keep"]);
  assert.deepEqual(readdirSync(join(root, "opt")), ["new"]);
  await assert.rejects(apply([".wh...", ""]), LayerError);
});

for (const name of ["../evil", "a/../../evil", "/../evil", "x/../../../etc/evil"]) {
  test(`"${name}" is refused`, async () => {
    await assert.rejects(apply([name, "x"]), { message: `path traversal refused: "${name}"` });
    assert.deepEqual(readdirSync(directory), ["root"]);
  });
}

test("an absolute name is one inside the root", async () => {
  await apply(["/etc/file", "x"]);
  assert.equal(read("etc/file"), "x");
});

test("links on the way never lead out of the root", async () => {
  const outside = join(directory, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "victim"), "safe");
  await apply(link("abs", outside), ["abs/victim", "written"], link("up", "../../outside"), ["up/victim", "written"]);
  assert.equal(readFileSync(join(outside, "victim"), "utf8"), "safe");
  assert.deepEqual(readdirSync(outside), ["victim"]);
  assert.equal(read(join(outside.slice(1), "victim")), "written");
  assert.equal(read("outside/victim"), "written");
});

test("a link is replaced by a file of its name, not written through", async () => {
  const victim = join(directory, "victim");
  writeFileSync(victim, "safe");
  await apply(link("file", victim), ["file", "new"]);
  assert.equal(readFileSync(victim, "utf8"), "safe");
  assert.equal(read("file"), "new");
});

test("a hard link can't take in a file from outside", async () => {
  writeFileSync(join(directory, "secret"), "s");
  await assert.rejects(apply({ name: "stolen", type: "link", linkname: "../secret", size: 0 }), /path traversal refused/);
  symlinkSync(directory, join(root, "door"));
  await assert.rejects(apply({ name: "stolen", type: "link", linkname: "door/secret", size: 0 }), /ENOENT/);
  assert.equal(existsSync(join(root, "stolen")), false);
});

test("a whiteout behind a link removes nothing outside", async () => {
  const victim = join(directory, "victim");
  writeFileSync(victim, "safe");
  symlinkSync(directory, join(root, "door"));
  await apply(["door/.wh.victim", ""], ["door/.wh..wh..opq", ""]);
  assert.equal(existsSync(victim), true);
});

test("links in a circle end, devices are refused by name", async () => {
  await assert.rejects(apply(link("a", "b"), link("b", "a"), ["a/x", ""]), /too many symbolic links/);
  await assert.rejects(apply({ name: "dev/null", type: "character-device", size: 0 }), { message: 'unsupported entry "dev/null": a character-device cannot be made here' });
});

test("an archive that ends too early is refused", async () => {
  const packed = await packTar([{ header: { name: "a", size: 2000 }, body: "x".repeat(2000) }]);
  await assert.rejects(applyLayer(root, (async function* () {
    yield packed.subarray(0, 1000);
  })()), /truncated/);
});

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../support/tidepool.ts";
import { filesOf, findInCode, textOf } from "./source.ts";

const code = filesOf("src/**/*.ts").filter((path) => !/\.test\.ts$|\/testing(\.ts$|\/)/.test(path));

test("there is code to look at", () => assert.ok(code.length > 100, `only ${code.length} files`));

// What runs inside pods has no composition root to hand it a clock.
const OWN_TIME = /^src\/(lib|cluster|cli|net\/agent)\//;

test("time and chance are arguments: nobody below the composition root asks the system for them", () => {
  const pattern = /\b(Date\.now|setTimeout|setInterval|Math\.random|performance\.now)\b|\bnew Date\(\s*\)|node:timers/;
  assert.deepEqual(findInCode(code.filter((path) => !OWN_TIME.test(path)), pattern), []);
});

test("folders meet through package imports, not through relative paths", () => {
  const crossing = code.flatMap((path) => {
    const folder = path.split("/")[1]!;
    return [...textOf(path).matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)]
      .map(([, target]) => join(dirname(path), target!))
      .filter((target) => target.startsWith("src/") && target.split("/")[1] !== folder)
      .map((target) => `${path} -> ${target}`);
  });
  assert.deepEqual(crossing, []);
});

test("nothing names a place on one machine", () => {
  const files = filesOf("{src,apps,bin,test,bench,tools,docs,kustomize,charts}/**/*.{ts,js,cjs,json,md,yaml,yml,html,css}", "*.{json,md,cjs}", ".ci/*", "**/Dockerfile").filter(
    (path) => path !== "package-lock.json" && !path.endsWith(".test.ts"),
  );
  assert.deepEqual(findInCode(files, /\/(home|Users)\/[a-z]|\/root\/|\/work\//), []);
});

test("every relative link of the documents leads somewhere", () => {
  const broken = filesOf("*.md", "docs/**/*.md", "apps/**/*.md").flatMap((path) =>
    [...textOf(path).matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)]
      .map(([, target]) => target!)
      .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(ROOT, dirname(path), target)))
      .map((target) => `${path}: ${target}`),
  );
  assert.deepEqual(broken, []);
});

test("every folder of src is in the architecture's table of folders", () => {
  const architecture = textOf("docs/architecture.md");
  const folders = new Set(code.map((path) => path.split("/")[1]!));
  assert.deepEqual([...folders].filter((folder) => !architecture.includes(`src/${folder}`)), []);
});

test("each image's folder has what both builders need", () => {
  const images = filesOf("apps/*/*/image.json");
  assert.ok(images.length >= 5, images.join(", "));
  assert.deepEqual(images.filter((path) => !existsSync(join(ROOT, dirname(path), "Dockerfile"))), [], "without a Dockerfile");
});

test("dependencies are pinned exactly", () => {
  const loose = filesOf("package.json", "apps/**/package.json", "tools/**/package.json").flatMap((path) => {
    const manifest = JSON.parse(textOf(path)) as Record<string, Record<string, string> | undefined>;
    return ["dependencies", "devDependencies", "optionalDependencies"].flatMap((kind) =>
      Object.entries(manifest[kind] ?? {})
        .filter(([, version]) => !/^(npm:[\w@/-]+@)?\d+\.\d+\.\d+([-+][\w.]+)?$/.test(version))
        .map(([name, version]) => `${path}: ${name} ${version}`),
    );
  });
  assert.deepEqual(loose, []);
});

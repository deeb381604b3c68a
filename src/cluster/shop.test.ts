import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "#api/types.ts";
import { readKustomization } from "./shop.ts";
import { repositoryRoot } from "./version.ts";

const BASE = join(repositoryRoot, "kustomize/shop/base");

function kubectlKustomize(directory: string): KubeObject[] | undefined {
  try {
    return parseAllDocuments(execFileSync("kubectl", ["kustomize", directory], { encoding: "utf8" })).map((document) => document.toJS() as KubeObject);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

test("the shop's objects are those that kubectl kustomize prints", (context) => {
  const expected = kubectlKustomize(BASE);
  if (!expected) return context.skip("kubectl is not on the PATH");
  const byName = (objects: KubeObject[]): KubeObject[] => objects.sort((a, b) => `${a.kind}/${a.metadata.name}`.localeCompare(`${b.kind}/${b.metadata.name}`));
  assert.deepEqual(byName(readKustomization(BASE)), byName(expected));
});

test("a kustomization with more than is understood is refused by name", () => {
  const directory = mkdtempSync(join(tmpdir(), "tidepool-kustomization-"));
  try {
    writeFileSync(join(directory, "kustomization.yaml"), "kind: Kustomization\nresources: []\nnamePrefix: x-\nlabels:\n- pairs: {a: b}\n  includeSelectors: true\n");
    assert.throws(() => readKustomization(directory), /namePrefix, labels\.includeSelectors can't be used here/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

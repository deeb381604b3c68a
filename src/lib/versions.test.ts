import assert from "node:assert/strict";
import { test } from "node:test";
import { compareVersions } from "./versions.ts";

test("versions by preference", () => {
  const versions = ["foo1", "v1alpha1", "v2", "v10", "v1beta2", "v3beta1", "v1", "bar", "v12alpha1", "v1beta1"];
  assert.deepEqual(versions.sort((a, b) => compareVersions(b, a)), ["v10", "v2", "v1", "v3beta1", "v1beta2", "v1beta1", "v12alpha1", "v1alpha1", "bar", "foo1"]);
  assert.equal(compareVersions("v1", "v1"), 0);
  assert.equal(compareVersions("x", "x"), 0);
});

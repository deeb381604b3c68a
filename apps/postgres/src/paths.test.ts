import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMounts, translatePath } from "./paths.ts";

const mounts = parseMounts('[{"path":"/var/lib/postgresql","hostPath":"/data/v1"},{"path":"/var/lib/postgresql/18","hostPath":"/data/v2"}]');

test("the longest mount decides where a path is", () => {
  assert.equal(translatePath("/var/lib/postgresql/17/x", mounts), "/data/v1/17/x");
  assert.equal(translatePath("/var/lib/postgresql/18/docker", mounts), "/data/v2/docker");
  assert.equal(translatePath("/var/lib/postgresql", mounts), "/data/v1");
});

test("a path beside a mount, and every path outside Tidepool, stays as it is", () => {
  assert.equal(translatePath("/var/lib/postgresql2/x", mounts), "/var/lib/postgresql2/x");
  assert.equal(translatePath("/etc/passwd", mounts), "/etc/passwd");
  assert.equal(translatePath("/var/lib/postgresql/18", parseMounts(undefined)), "/var/lib/postgresql/18");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidReferenceError, applyDefaultTag, formatReference, parseDockerReference, parseReference } from "./reference.ts";

const f64 = "f".repeat(64);

const valid: [text: string, normalized: string][] = [
  ["postgres", "docker.io/library/postgres:latest"],
  ["postgres:18", "docker.io/library/postgres:18"],
  ["test.com:5000", "docker.io/library/test.com:5000"],
  ["bitnami/redis", "docker.io/bitnami/redis:latest"],
  ["docker.io/postgres:18", "docker.io/library/postgres:18"],
  ["index.docker.io/postgres", "docker.io/library/postgres:latest"],
  ["localhost/x", "localhost/x:latest"],
  ["localhost:5002/shop/order-service:v1", "localhost:5002/shop/order-service:v1"],
  ["ghcr.io/a/b__c/d--e:X.y-z_1", "ghcr.io/a/b__c/d--e:X.y-z_1"],
  ["[2001:db8::1]:5000/repo", "[2001:db8::1]:5000/repo:latest"],
  ["Registry/repo", "Registry/repo:latest"],
  [`postgres:18@sha256:${f64}`, `docker.io/library/postgres@sha256:${f64}`],
  [`test:5000/repo@sha512:${f64}${f64}`, `test:5000/repo@sha512:${f64}${f64}`],
];

for (const [text, normalized] of valid) {
  test(`"${text}" means ${normalized}`, () => assert.equal(formatReference(parseDockerReference(text)), normalized));
}

const invalid: [text: string, message: string][] = [
  ["", "invalid reference format"],
  [":justtag", "invalid reference format"],
  [`@sha256:${f64}`, "invalid reference format"],
  ["Uppercase:tag", "invalid reference format: repository name (library/Uppercase) must be lowercase"],
  ["test:5000/Upper/lower:tag", "invalid reference format: repository name (Upper/lower) must be lowercase"],
  ["a//b", "invalid reference format"],
  ["aa/asdf$$^/aa", "invalid reference format"],
  ["x:tag with space", "invalid reference format"],
  ["https://ghcr.io/x:1", "invalid reference format"],
  [`x:${"t".repeat(129)}`, "invalid reference format"],
  ["[fe80::1%eth0]:5000/repo", "invalid reference format"],
  [f64.replaceAll("f", "a"), `invalid repository name (${"a".repeat(64)}), cannot specify 64-byte hexadecimal strings`],
  [`repo@sha256:${"f".repeat(34)}`, "invalid checksum digest length"],
  [`repo@md5:${"f".repeat(32)}`, "unsupported digest algorithm"],
  [`domain.io/${"a".repeat(256)}:tag`, "repository name must not be more than 255 characters"],
];

for (const [text, message] of invalid) {
  test(`"${text.slice(0, 40)}" is refused: ${message.slice(0, 60)}`, () => {
    assert.throws(() => parseReference(text), (error) => error instanceof InvalidReferenceError && error.message === message);
  });
}

test("an image without tag and digest gets :latest, as written otherwise", () => {
  assert.equal(applyDefaultTag("postgres"), "postgres:latest");
  assert.equal(applyDefaultTag("postgres:18"), "postgres:18");
  assert.equal(applyDefaultTag(`x@sha256:${f64}`), `x@sha256:${f64}`);
  assert.throws(() => applyDefaultTag("Bad"), { message: `couldn't parse image name "Bad": invalid reference format: repository name (library/Bad) must be lowercase` });
});

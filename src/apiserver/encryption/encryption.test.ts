import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { memoryDriver, openStore, sqliteDriver } from "#store/index.ts";
import { startTestServer } from "../testing.ts";
import { parseEncryptionConfiguration } from "./configuration.ts";
import { DecryptionError, ENCRYPTION_CONFIGURATION, encryption, encryptStale, ensureEncryption } from "./encryption.ts";

const folder = mkdtempSync(join(tmpdir(), "encryption-"));
after(() => rmSync(folder, { recursive: true }));

const SECRET = Buffer.alloc(32, 7).toString("base64");
const OTHER = Buffer.alloc(32, 8).toString("base64");
const document = (providers: string, resources = "[secrets]"): string =>
  `{apiVersion: apiserver.config.k8s.io/v1, kind: EncryptionConfiguration, resources: [{resources: ${resources}, providers: ${providers}}]}`;
const gcm = (...keys: [string, string][]): string => `{aesgcm: {keys: [${keys.map(([name, secret]) => `{name: ${name}, secret: ${secret}}`).join(", ")}]}}`;
const parsed = async (providers: string, resources?: string) => encryption(await parseEncryptionConfiguration(document(providers, resources)));
const KEY = "secrets/shop/db";
const JSON_TEXT = '{"data":{"password":"aHVudGVyMg=="}}';

describe("encryption at rest", () => {
  it("lets nothing of a Secret reach the store's files: not when it is made, changed, read or deleted", async () => {
    const directory = mkdtempSync(join(folder, "pki-"));
    const file = join(folder, "store.db");
    const store = openStore({ driver: sqliteDriver(file), transformer: await ensureEncryption(directory) });
    const server = await startTestServer({ store });
    const values = ["the first value of a password", "the second value of a password", "the value that a patch brings"];
    const [first, second, third] = values as [string, string, string];
    await server.create("/api/v1/namespaces/default/secrets", { metadata: { name: "db" }, stringData: { password: first } });
    await server.create("/api/v1/namespaces/default/secrets", { metadata: { name: "gone" }, stringData: { password: first } });
    await server.create("/api/v1/namespaces/default/configmaps", { metadata: { name: "plain" }, data: { greeting: "to be seen by all" } });
    await server.request("PUT /api/v1/namespaces/default/secrets/db", { metadata: { name: "db", annotations: { note: second } }, stringData: { password: second } });
    await server.request("PATCH /api/v1/namespaces/default/secrets/db", { stringData: { more: third } }, { "content-type": "application/merge-patch+json" });
    await server.request("DELETE /api/v1/namespaces/default/secrets/gone");
    const { body } = await server.request("GET /api/v1/namespaces/default/secrets/db");
    assert.equal(Buffer.from(body.data.more, "base64").toString(), third);

    const bytes = (): Buffer => Buffer.concat(readdirSync(folder).filter((name) => name.startsWith("store.db")).map((name) => readFileSync(join(folder, name))));
    const leaks = (): string[] => values.flatMap((value) => [value, Buffer.from(value).toString("base64")]).filter((value) => bytes().includes(value));
    assert.ok(readdirSync(folder).includes("store.db-wal") && bytes().includes("to be seen by all"));
    assert.deepEqual(leaks(), []);
    await server.close();
    assert.deepEqual(leaks(), []);
    assert.ok(bytes().includes("k8s:enc:aesgcm:v1:key1:"));

    const again = openStore({ driver: sqliteDriver(file), transformer: await ensureEncryption(directory) });
    assert.match(again.get("secrets/default/db")!.json, /the second value/);
    await again.close();
  });

  it("makes a key of its own at the first start, for its owner's eyes, and keeps it", async () => {
    const directory = mkdtempSync(join(folder, "pki-"));
    const sealed = (await ensureEncryption(directory)).toStorage(KEY, JSON_TEXT);
    assert.equal(statSync(join(directory, ENCRYPTION_CONFIGURATION)).mode & 0o777, 0o600);
    assert.equal((await ensureEncryption(directory)).fromStorage(KEY, sealed), JSON_TEXT);
    assert.throws(() => encryption([]).fromStorage(KEY, sealed), DecryptionError);
    const other = await ensureEncryption(mkdtempSync(join(folder, "pki-")));
    assert.throws(() => other.fromStorage(KEY, sealed), /secrets\/shop\/db, stored as k8s:enc:aesgcm:v1:key1:, can't be read: Unsupported state or unable to authenticate data/);
  });

  it("makes no value twice the same, and none that is worth anything under another key", async () => {
    const one = await parsed(`[${gcm(["a", SECRET])}]`);
    const sealed = one.toStorage(KEY, JSON_TEXT);
    assert.notEqual(one.toStorage(KEY, JSON_TEXT), sealed);
    assert.throws(() => one.fromStorage("secrets/shop/other", sealed), DecryptionError);
  });

  it("writes with the first provider and key, reads with all of them, and names what is to be written again", async () => {
    const old = await parsed(`[{aescbc: {keys: [{name: old, secret: ${SECRET}}]}}, {identity: {}}]`);
    const cbc = old.toStorage(KEY, JSON_TEXT);
    assert.match(cbc, /^k8s:enc:aescbc:v1:old:/);
    const current = await parsed(`[${gcm(["b", OTHER], ["a", SECRET])}, {aescbc: {keys: [{name: old, secret: ${SECRET}}]}}, {identity: {}}]`);
    assert.match(current.toStorage(KEY, JSON_TEXT), /^k8s:enc:aesgcm:v1:b:/);
    assert.equal(current.fromStorage("secrets/a/plain", JSON_TEXT), JSON_TEXT);
    assert.equal(current.fromStorage(KEY, cbc), JSON_TEXT);
    assert.deepEqual(current.stale(), ["secrets/a/plain", KEY]);
    current.fromStorage(KEY, current.toStorage(KEY, JSON_TEXT));
    assert.deepEqual(current.stale(), ["secrets/a/plain"]);
  });

  it("rotates: a key in front of the old one, a start, and the old one can go with the history it wrote", async () => {
    const driver = memoryDriver();
    const openWith = async (providers: string) => {
      const transformer = await parsed(providers);
      return { transformer, store: openStore({ driver: { ...driver, close: () => undefined }, transformer }) };
    };
    const before = await openWith(`[{identity: {}}]`);
    await before.store.create(KEY, { metadata: {} });
    await before.store.create("pods/shop/web", { metadata: {} });
    const begun = await openWith(`[${gcm(["a", SECRET])}, {identity: {}}]`);
    assert.equal(await encryptStale(begun.store, begun.transformer), 1);
    const rotated = await openWith(`[${gcm(["b", OTHER], ["a", SECRET])}, {identity: {}}]`);
    assert.equal(await encryptStale(rotated.store, rotated.transformer), 1);
    rotated.store.compact(rotated.store.revision);
    const without = await openWith(`[${gcm(["b", OTHER])}]`);
    assert.equal(without.store.get(KEY)?.revision, 4);
    assert.equal(await encryptStale(without.store, without.transformer), 0);
  });

  it("encrypts what the configuration names, in its order", async () => {
    const configuration = `
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [events]
    providers: [{identity: {}}]
  - resources: [configmaps, widgets.example.org]
    providers: [${gcm(["a", SECRET])}]
  - resources: ["*.apps"]
    providers: [${gcm(["b", SECRET])}]
  - resources: ["*."]
    providers: [${gcm(["c", SECRET])}]`;
    const configured = encryption(await parseEncryptionConfiguration(configuration));
    const keyOf = (key: string): string | undefined => /^k8s:enc:aesgcm:v1:(\w):/.exec(configured.toStorage(key, "{}"))?.[1];
    const keys = ["events/x/y", "configmaps/x/y", "widgets.example.org/x/y", "deployments.apps/x/y", "secrets/x/y", "roles.rbac.authorization.k8s.io/x/y"];
    assert.deepEqual(keys.map(keyOf), [undefined, "a", "a", "b", "c", undefined]);
  });

  const REFUSED: [title: string, text: string, message: RegExp][] = [
    ["another kind", "{apiVersion: v1, kind: Secret}", /no kind "Secret" is registered for version "v1"/],
    ["nothing to encrypt", "{apiVersion: apiserver.config.k8s.io/v1, kind: EncryptionConfiguration}", /^Error: resources: Required value: at least one resources is required$/],
    ["no provider", document("[]"), /resources\[0\]\.providers: Required value: at least one resources\[0\]\.providers is required/],
    ["two providers in one", document(`[{identity: {}, aesgcm: {}}]`), /more than one provider specified in a single element/],
    ["secretbox", document(`[{secretbox: {keys: [{name: a, secret: ${SECRET}}]}}]`), /resources\[0\]\.providers\[0\]: Unsupported value: "secretbox": supported values: "aescbc", "aesgcm", "identity"/],
    ["a key service", document("[{kms: {name: a, endpoint: 'unix:///x'}}]"), /Unsupported value: "kms"/],
    ["no key", document("[{aesgcm: {keys: []}}]"), /providers\[0\]\.aesgcm\.keys: Required value: at least one keys is required/],
    ["a nameless key", document(`[{aesgcm: {keys: [{secret: ${SECRET}}]}}]`), /keys\[0\]\.name: Required value: name is a mandatory field for a key/],
    ["a short key", document("[{aesgcm: {keys: [{name: a, secret: aGVsbG8=}]}}]"), /keys\[0\]\.secret: Invalid value: "REDACTED": secret is not of the expected length, got 5, expected one of \[16 24 32\]/],
    ["no base64", document("[{aesgcm: {keys: [{name: a, secret: hello!}]}}]"), /"REDACTED": secrets must be base64 encoded/],
    ["a bare star", document("[{identity: {}}]", "['*']"), /use '\*\.' to encrypt all the resources from core API group/],
    ["overlapping names", document("[{identity: {}}]", "[secrets, '*.']"), /using overlapping resources such as 'secrets' and '\*\.'/],
    ["a name twice", document("[{identity: {}}]", "[secrets, secrets]"), /the same resource cannot be specified multiple times/],
    ["capitals", document("[{identity: {}}]", "[Secrets]"), /resource name should not contain capital letters/],
    ["a resource of all groups", document("[{identity: {}}]", "['secrets.*']"), /encrypting the same resource across groups is not supported/],
  ];
  for (const [title, text, message] of REFUSED) {
    it(`refuses a configuration with ${title}`, async () => {
      const directory = mkdtempSync(join(folder, "pki-"));
      writeFileSync(join(directory, ENCRYPTION_CONFIGURATION), text);
      await assert.rejects(ensureEncryption(directory), message);
    });
  }
});

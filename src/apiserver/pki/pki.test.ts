import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, X509Certificate, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { systemClock } from "#lib/clock.ts";
import type { CertificateRequest } from "#lib/certificate-request.ts";
import { ensurePki } from "./pki.ts";

const directory = mkdtempSync(join(tmpdir(), "pki-"));
after(() => rmSync(directory, { recursive: true }));

const requestOf = (publicKey: KeyObject, more: Partial<CertificateRequest> = {}): CertificateRequest => ({
  commonName: "jane",
  organizations: [],
  subject: [{ type: "2.5.4.6", value: "DE" }, { type: "2.5.4.10", value: "readers" }, { type: "2.5.4.3", value: "jane" }],
  dnsNames: [],
  ipAddresses: [],
  emailAddresses: [],
  uris: [],
  publicKey,
  ...more,
});

describe("signing certificates of others' keys", () => {
  const KEYS: [title: string, key: KeyObject][] = [
    ["RSA", generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey],
    ["P-384", generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey],
    ["Ed25519", generateKeyPairSync("ed25519").publicKey],
  ];
  for (const [title, key] of KEYS) {
    it(`takes ${title} keys, with the subject, names and usages that were asked for`, async () => {
      const pki = await ensurePki({ directory, clock: systemClock, nodeNames: [] });
      const nowMs = systemClock.now();
      const names = { dnsNames: ["web.example.org"], ipAddresses: ["10.0.0.1", "fd00:0:0:0:0:0:0:1"], emailAddresses: ["jane@example.org"], uris: ["spiffe://example.org/web"] };
      const pem = await pki.sign({ request: requestOf(key, names), usages: ["digital signature", "client auth", "server auth"], notBeforeMs: nowMs, notAfterMs: nowMs + 3_600_000 });
      const certificate = new X509Certificate(pem);
      assert.equal(certificate.subject, "C=DE\nO=readers\nCN=jane");
      assert.equal(certificate.issuer, "CN=kubernetes");
      assert.equal(certificate.ca, false);
      assert.deepEqual(certificate.keyUsage, ["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"]);
      assert.equal(certificate.subjectAltName, "DNS:web.example.org, email:jane@example.org, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1, URI:spiffe://example.org/web");
      assert.ok(certificate.publicKey.equals(key));
      assert.ok(certificate.verify(createPublicKey(pki.ca)));
    });
  }

  it("lets none outlive the authority", async () => {
    const pki = await ensurePki({ directory, clock: systemClock, nodeNames: [] });
    const nowMs = systemClock.now();
    const pem = await pki.sign({ request: requestOf(KEYS[1]![1]), usages: ["client auth"], notBeforeMs: nowMs, notAfterMs: nowMs + 100 * 365 * 86_400_000 });
    assert.equal(new X509Certificate(pem).validTo, new X509Certificate(pki.ca).validTo);
  });

  it("refuses usages that our signers don't know", async () => {
    const pki = await ensurePki({ directory, clock: systemClock, nodeNames: [] });
    await assert.rejects(pki.sign({ request: requestOf(KEYS[1]![1]), usages: ["code signing"], notBeforeMs: 0, notAfterMs: 1 }), /unrecognized usage values: \["code signing"\]/);
  });
});

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { parseCertificateRequest } from "./certificate-request.ts";
import { certificateRequest } from "./testing/certificate-request.ts";

describe("a certificate request", () => {
  it("tells its subject and names", () => {
    const request = parseCertificateRequest(certificateRequest({ commonName: "jane", organizations: ["dev", "ops"], dnsNames: ["a.example"], ipAddresses: ["10.0.0.1"] }));
    assert.equal(request.commonName, "jane");
    assert.deepEqual(request.organizations, ["dev", "ops"]);
    assert.deepEqual(request.subject, [
      { type: "2.5.4.10", value: "dev" },
      { type: "2.5.4.10", value: "ops" },
      { type: "2.5.4.3", value: "jane" },
    ]);
    assert.deepEqual([request.dnsNames, request.ipAddresses, request.uris], [["a.example"], ["10.0.0.1"], []]);
    assert.equal(request.publicKey.asymmetricKeyType, "ec");
  });

  it("is refused when it is none, cut off, or signed by another key", () => {
    const pem = certificateRequest({ commonName: "jane" });
    assert.throws(() => parseCertificateRequest("hello"), /^Error: PEM block type must be CERTIFICATE REQUEST$/);
    assert.throws(() => parseCertificateRequest(pem.replaceAll("CERTIFICATE REQUEST", "CERTIFICATE")), /PEM block type/);
    const der = Buffer.from(pem.split("\n").slice(1, -2).join(""), "base64");
    const wrapped = (bytes: Buffer): string => `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
    for (let length = 0; length < der.length; length++) assert.throws(() => parseCertificateRequest(wrapped(der.subarray(0, length))), Error, String(length));
    const forged = Buffer.from(der);
    forged.write("joan", der.indexOf("jane"));
    assert.throws(() => parseCertificateRequest(wrapped(forged)), /^Error: x509: ECDSA verification failure$/);
  });

  describe("of openssl", () => {
    const folder = mkdtempSync(join(tmpdir(), "csr-"));
    after(() => rmSync(folder, { recursive: true }));
    for (const [name, ...key] of [["rsa", "-newkey", "rsa:2048"], ["ed25519", "-newkey", "ed25519"]] as const) {
      it(`with a key of ${name} is read`, (t) => {
        let pem: string;
        try {
          const names = "subjectAltName=DNS:web,IP:10.0.0.7,email:a@b.example,URI:spiffe://x/y";
          pem = execFileSync("openssl", ["req", "-new", ...key, "-nodes", "-keyout", join(folder, `${name}.key`), "-subj", "/O=system:nodes/CN=system:node:a", "-addext", names], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
        } catch {
          return t.skip("there is no openssl");
        }
        const request = parseCertificateRequest(pem);
        assert.equal(request.commonName, "system:node:a");
        assert.deepEqual([request.dnsNames, request.ipAddresses, request.emailAddresses, request.uris], [["web"], ["10.0.0.7"], ["a@b.example"], ["spiffe://x/y"]]);
      });
    }
  });
});

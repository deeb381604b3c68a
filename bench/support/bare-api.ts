/** The baseline of the control plane's bench; see startBareApi in api-load.ts. */
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BasicConstraintsExtension, PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";

const LISTED = 500;
const HOUR_MS = 3_600_000;

const directory = mkdtempSync(join(tmpdir(), "bench-api-"));
const database = new DatabaseSync(join(directory, "store.db"));
database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE objects (id INTEGER PRIMARY KEY, object TEXT)");
const insert = database.prepare("INSERT INTO objects (object) VALUES (?)");
const objects: string[] = [];

const tls = await selfSigned();
const server = createServer({ ...tls, requestCert: true, rejectUnauthorized: true }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    if (request.method === "GET") return send(response, 200, `{"kind":"ConfigMapList","items":[${objects.slice(0, LISTED).join(",")}]}`);
    const object = JSON.stringify({ ...(JSON.parse(Buffer.concat(chunks).toString()) as object), created: Date.now() });
    insert.run(object);
    objects.push(object);
    send(response, 201, object);
  });
});

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}

/** One certificate that is authority, server and client. */
async function selfSigned(): Promise<{ ca: string; cert: string; key: string }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=bench",
    notBefore: new Date(Date.now() - HOUR_MS),
    notAfter: new Date(Date.now() + HOUR_MS),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new BasicConstraintsExtension(true), new SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }])],
  });
  const cert = certificate.toString("pem");
  const key = PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return { ca: cert, cert, key };
}

server.listen(0, "127.0.0.1", () => process.send!({ url: `https://127.0.0.1:${(server.address() as { port: number }).port}`, tls }));
for (const gone of ["SIGTERM", "disconnect"] as const) {
  process.on(gone, () => {
    database.close();
    rmSync(directory, { recursive: true, force: true });
    process.exit(0);
  });
}

import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { HttpResponse } from "#lib/http.ts";
import { errorMessage } from "#lib/log.ts";
import type { Logger } from "#lib/log.ts";
import type { RegistryRequest } from "./api/context.ts";
import type { Registry } from "./registry.ts";

/** The port of the reference platform's registry. */
export const REGISTRY_PORT = 5002;

/** A listening registry. */
export interface RegistryServer {
  /** `http://127.0.0.1:5002` */
  url: string;
  port: number;
  /** Ends open connections and frees the port; the registry itself stays open. */
  close(): Promise<void>;
}

/** Serves a registry over HTTP on this machine alone. Rejects with the system's error when the port is taken. */
export async function serveRegistry(registry: Registry, options: { port?: number; log: Logger }): Promise<RegistryServer> {
  const server = createServer((request, response) => {
    answer(registry, request, response).catch((error: unknown) => {
      // A client that leaves in the middle is its own business; anything else is ours.
      if (request.destroyed && !response.writableFinished) return response.destroy();
      options.log.error("request failed", { method: request.method, url: request.url, error: errorMessage(error) });
      if (response.headersSent) return response.destroy();
      response.writeHead(500, { "content-type": "application/json" });
      response.end(JSON.stringify({ errors: [{ code: "UNKNOWN", message: errorMessage(error) }] }));
    });
  });
  // A large layer over a slow client may take longer than Node's default of five minutes.
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? REGISTRY_PORT, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(registry: Registry, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const answered = await registry.handle(toRequest(request));
  response.writeHead(answered.status, answered.headers);
  await send(answered, response);
  // The rest of a body nobody wanted must go before the connection serves its next request.
  if (!request.readableEnded) request.resume();
}

async function send(answered: HttpResponse, response: ServerResponse): Promise<void> {
  if (typeof answered.body === "string" || answered.body instanceof Uint8Array) {
    response.end(answered.body);
  } else {
    await pipeline(Readable.from(answered.body, { objectMode: false }), response);
  }
}

function toRequest(request: IncomingMessage): RegistryRequest {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  return {
    method: request.method ?? "GET",
    // The host plays no part: locations are relative.
    url: new URL(request.url ?? "/", "http://registry"),
    headers,
    body: request,
  };
}

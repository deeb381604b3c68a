/**
 * An HTTP proxy for programs that the agent can't be loaded into (curl and wget in an exec'd shell):
 * they find it in http_proxy, and reach cluster names through it. The user name in the proxy's URL is
 * the pod's uid, so one listener serves all pods, each with its own search path and loopback.
 */
import { readFile, writeFile } from "node:fs/promises";
import http from "node:http";
import type net from "node:net";
import { errorMessage, type Logger } from "#lib/log.ts";
import { forward, reset } from "./forward.ts";

/** Headers that concern one hop. Chunks are re-made by Node on the next one. */
const HOP_HEADERS = new Set(["connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"]);

export interface HttpProxyOptions {
  /** Connects as a pod; rejects when the pod isn't known or the destination refuses. */
  dialFrom: (uid: string, host: string, port: number) => Promise<net.Socket>;
  /** Whether this is the uid and secret of a pod. */
  authenticate: (uid: string, secret: string) => boolean;
  log: Logger;
  /** Remembers the port over restarts, since running containers know it from their environment. */
  portFile?: string | undefined;
}

export interface HttpProxy {
  port: number;
  close(): Promise<void>;
}

export async function startHttpProxy(options: HttpProxyOptions): Promise<HttpProxy> {
  const { dialFrom, authenticate, log } = options;
  const open = new Set<net.Socket>();

  /** The pod that a request comes from. */
  function podOf(request: http.IncomingMessage): string | undefined {
    const [scheme, credentials = ""] = (request.headers["proxy-authorization"] ?? "").split(" ");
    if (scheme?.toLowerCase() !== "basic") return undefined;
    const [uid = "", secret = ""] = Buffer.from(credentials, "base64").toString().split(":");
    return authenticate(uid, secret) ? uid : undefined;
  }

  const server = http.createServer((request, response) => {
    const refuse = (status: number, text: string): void => {
      response.writeHead(status, { "content-type": "text/plain", ...(status === 407 ? { "proxy-authenticate": 'Basic realm="tidepool pods"' } : {}) });
      response.end(`${text}\n`);
    };
    const uid = podOf(request);
    if (!uid) return refuse(407, "tidepool: this proxy serves pods only");
    const url = URL.canParse(request.url ?? "") ? new URL(request.url!) : undefined;
    if (url?.protocol !== "http:") return refuse(400, "tidepool: this proxy wants an absolute http URL");
    void pass(uid, url, request, response).catch((error: unknown) => {
      log.info(`no connection to ${url.host}`, { pod: uid, error: errorMessage(error) });
      if (response.headersSent) response.destroy();
      else refuse(502, `tidepool: ${errorMessage(error)}`);
    });
  });

  async function pass(uid: string, url: URL, request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const socket = await dialFrom(uid, url.hostname.replace(/^\[|\]$/g, ""), Number(url.port || 80));
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    await new Promise<void>((resolve, reject) => {
      const headers = endToEnd(request.rawHeaders);
      const upstream = http.request({ createConnection: () => socket, method: request.method, path: url.pathname + url.search, headers, setHost: false });
      upstream.on("response", (answer) => {
        response.writeHead(answer.statusCode!, answer.statusMessage, endToEnd(answer.rawHeaders));
        answer.pipe(response);
        answer.on("error", reject);
        response.on("close", () => {
          socket.destroy();
          resolve();
        });
      });
      upstream.on("error", reject);
      request.on("error", reject);
      request.pipe(upstream);
    });
  }

  server.on("connect", (request: http.IncomingMessage, client: net.Socket, head: Buffer) => {
    client.on("error", () => undefined); // forward() looks at what follows
    const uid = podOf(request);
    if (!uid) return void client.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="tidepool pods"\r\n\r\n');
    const url = URL.canParse(`tcp://${request.url}`) ? new URL(`tcp://${request.url}`) : undefined;
    if (!url?.port) return void client.end("HTTP/1.1 400 Bad Request\r\n\r\n");
    dialFrom(uid, url.hostname.replace(/^\[|\]$/g, ""), Number(url.port)).then(
      (upstream) => {
        if (client.destroyed) return upstream.destroy();
        open.add(client);
        client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
        if (head.length > 0) client.unshift(head);
        forward(client, upstream, () => open.delete(client));
      },
      (error: unknown) => {
        log.info(`no connection to ${request.url}`, { pod: uid, error: errorMessage(error) });
        client.end(`HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\n\r\ntidepool: ${errorMessage(error)}\n`);
      },
    );
  });

  const { portFile } = options;
  const known = portFile === undefined ? 0 : Number(await readFile(portFile, "utf8").catch(() => "0"));
  await listen(server, known).catch((error: NodeJS.ErrnoException) => {
    if (known === 0 || error.code !== "EADDRINUSE") throw error;
    log.warn(`port ${known} is taken: programs in containers that run already lose their HTTP proxy until they restart`);
    return listen(server, 0);
  });
  const { port } = server.address() as net.AddressInfo;
  if (portFile !== undefined) await writeFile(portFile, String(port));
  return {
    port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      for (const socket of open) reset(socket);
      await closed;
    },
  };
}

function listen(server: http.Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function endToEnd(rawHeaders: string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) if (!HOP_HEADERS.has(rawHeaders[i]!.toLowerCase())) kept.push(rawHeaders[i]!, rawHeaders[i + 1]!);
  return kept;
}

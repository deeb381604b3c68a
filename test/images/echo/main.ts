/** The workload of the end-to-end tests: says who it is, logs every request, and can be made unready, slow or dead. */
import { createServer } from "node:http";
import { hostname } from "node:os";

const version = process.env["SERVICE_VERSION"] ?? "none";
const startedAt = Date.now();
const readyAfterMs = Number(process.env["READY_AFTER_MS"] ?? 0);
let ready = true;

const log = (message: string): boolean => process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), version, message })}\n`);

const server = createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://echo");
  log(`${request.method} ${url.pathname}`);
  const answer = (status: number, body: object): void => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
  switch (url.pathname) {
    case "/":
      return answer(200, { version, pod: hostname(), from: request.socket.remoteAddress, greeting: process.env["GREETING"] });
    case "/healthz":
      return answer(200, { ok: true });
    case "/readyz":
      return Date.now() - startedAt < readyAfterMs || !ready ? answer(503, { ready: false }) : answer(200, { ready: true });
    case "/unready":
      ready = false;
      return answer(200, { ready });
    case "/env":
      return answer(200, process.env);
    case "/slow":
      setTimeout(() => answer(200, { version }), Number(url.searchParams.get("ms") ?? 500));
      return;
    case "/crash":
      log("crashing as asked");
      return process.exit(3);
    default:
      return answer(404, { path: url.pathname });
  }
});

server.listen(Number(process.env["PORT"] ?? 8080), "0.0.0.0", () => log("listening"));
process.on("SIGTERM", () => {
  log("stopping");
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});

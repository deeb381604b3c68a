import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { ApiError, errorBody, toApiError } from "./errors.ts";
import type { Identity } from "./identity.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { type TraceContext, traceFromHeaders, withTrace } from "./trace.ts";

declare module "fastify" {
  interface FastifyRequest {
    trace: TraceContext;
  }
}

export interface ServerOptions {
  identity: Identity;
  log: Logger;
  metrics: Metrics;
  /** Whether the process is on its way out. */
  draining: () => boolean;
  /** Resolves when every dependency can be used, throws why not. */
  ready: () => Promise<void>;
}

/** Asked by kubelets and scrapers all day: no access log line, no request metric. */
const QUIET = new Set(["/healthz", "/readyz", "/metrics"]);

/** A fastify server with what every service has: ids, logs, metrics, probes, errors of one shape. */
export function createServer({ identity, log, metrics, draining, ready }: ServerOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: 64 * 1024,
    // Longer than any client of ours keeps an idle connection: the side that opened it closes it.
    keepAliveTimeout: 65_000,
    // While leaving, requests that still arrive are served, not refused.
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true },
  });

  app.decorateRequest("trace", null as unknown as TraceContext);

  app.addHook("onRequest", (request, reply, done) => {
    request.trace = traceFromHeaders(request.headers);
    reply.header("x-pod", identity.pod);
    reply.header("x-service", identity.service);
    reply.header("x-service-version", identity.version);
    reply.header("x-request-id", request.trace.requestId);
    done();
  });
  // After the body has been read: events of the socket would otherwise leave the request's context.
  app.addHook("preValidation", (request, _reply, done) => withTrace(request.trace, done));
  app.addHook("onSend", (_request, reply, _payload, done) => {
    if (draining()) reply.header("connection", "close");
    done();
  });
  app.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url ?? "unmatched";
    if (!QUIET.has(route)) {
      const seconds = reply.elapsedTime / 1000;
      metrics.observe(request.method, route, reply.statusCode, seconds);
      withTrace(request.trace, () =>
        log.info({ method: request.method, path: request.url, route, status: reply.statusCode, durationMs: Math.round(seconds * 1e5) / 100 }, "request"),
      );
    }
    done();
  });

  app.setErrorHandler((thrown, request, reply) => {
    const error = toApiError(thrown);
    if (error.status >= 500) withTrace(request.trace, () => log.error({ err: error.cause ?? thrown, code: error.code }, error.message));
    return sendError(error, request, reply);
  });
  app.setNotFoundHandler((request, reply) =>
    sendError(new ApiError(404, "no_such_route", `${identity.service} has nothing at ${request.method} ${request.url.split("?", 1)[0]}`), request, reply),
  );

  app.get("/healthz", () => ({ status: "ok", service: identity.service, version: identity.version }));
  app.get("/readyz", async (_request, reply) => {
    if (draining()) return reply.code(503).send({ status: "draining" });
    try {
      await ready();
    } catch (error) {
      return reply.code(503).send({ status: "not ready", reason: (error as Error).message });
    }
    return { status: "ready", service: identity.service, version: identity.version };
  });
  app.get("/metrics", async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()));
  app.get("/version", () => ({ service: identity.service, version: identity.version, pod: identity.pod }));

  return app;
}

function sendError(error: ApiError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error.retryAfterS !== undefined) reply.header("retry-after", String(error.retryAfterS));
  return reply.code(error.status).send(errorBody(error, request.trace.requestId));
}

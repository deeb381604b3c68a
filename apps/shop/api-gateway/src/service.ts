import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { ApiError } from "@shop/common/errors.ts";
import { JsonClient, Upstream } from "@shop/common/http-client.ts";
import { integerFrom, textFrom } from "@shop/common/identity.ts";
import type { Parts, Runtime } from "@shop/common/service.ts";
import { openapi } from "./openapi.ts";
import { Proxy } from "./proxy.ts";
import { type Backend, ROUTES } from "./routes.ts";

const VERSION_TIMEOUT_MS = 1_000;

/** The single entry point: /api to the services, everything else to the frontend. */
export function apiGateway({ app, env, clock, identity, log, draining }: Runtime): Parts {
  const origins: Record<Backend, [service: string, origin: string]> = {
    orders: ["order-service", textFrom(env, "ORDERS_URL")],
    inventory: ["inventory-service", textFrom(env, "INVENTORY_URL")],
    users: ["user-service", textFrom(env, "USERS_URL")],
    frontend: ["frontend", textFrom(env, "FRONTEND_URL")],
  };
  const upstreams = mapValues(origins, ([service, origin]) => new Upstream(service, origin, clock));
  const clients = mapValues(origins, ([service, origin]) => new JsonClient(service, origin, clock, VERSION_TIMEOUT_MS));
  const proxy = new Proxy({
    clock,
    log,
    ownHeaders: {
      "x-pod": identity.pod,
      "x-service": identity.service,
      "x-service-version": identity.version,
      "x-gateway-pod": identity.pod,
      "x-gateway-version": identity.version,
    },
    draining,
    serverTiming: identity.version !== "v1",
  });

  // Bodies are passed on, never parsed: the stream itself is the body.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
  app.addHook("onRequest", (_request, reply, done) => {
    reply.header("x-gateway-pod", identity.pod);
    reply.header("x-gateway-version", identity.version);
    done();
  });

  app.get("/openapi.json", () => openapi);
  app.get("/api/version", async () => ({
    services: [
      { service: identity.service, version: identity.version, pod: identity.pod },
      ...(await Promise.all(
        Object.entries(clients).map(async ([backend, client]) => {
          try {
            const { body } = await client.call("GET", "/version", undefined, clock.now() + VERSION_TIMEOUT_MS);
            return body;
          } catch (error) {
            return { service: origins[backend as Backend][0], error: (error as Error).message };
          }
        }),
      )),
    ],
  }));
  for (const [path, backend] of ROUTES) {
    app.all(path, async (request, reply) => {
      reply.hijack();
      await proxy.pass(request.raw, reply.raw, upstreams[backend], request.trace);
    });
  }
  app.all("/api/*", (request) => {
    throw new ApiError(404, "no_such_route", `the shop has nothing at ${request.method} ${request.url.split("?", 1)[0]}`);
  });

  let secure: Server | undefined;
  return {
    background: async () => {
      const { TLS_CERT_FILE: cert, TLS_KEY_FILE: key } = env;
      if (!cert || !key || !existsSync(cert) || !existsSync(key)) {
        log.info("no certificate: HTTPS is off");
        return;
      }
      secure = createServer({ cert: readFileSync(cert), key: readFileSync(key), keepAliveTimeout: app.server.keepAliveTimeout }, (request, response) => app.routing(request, response));
      const listening = once(secure, "listening");
      secure.listen(integerFrom(env, "HTTPS_PORT", 8443), identity.host);
      await listening;
      log.info(secure.address(), "HTTPS is on");
    },
    close: async () => {
      if (secure) {
        const closed = new Promise((resolve) => secure!.close(resolve));
        secure.closeIdleConnections();
        await closed;
      }
      for (const client of Object.values(clients)) client.close();
      for (const upstream of Object.values(upstreams)) upstream.close();
    },
  };
}

function mapValues<K extends string, A, B>(record: Record<K, A>, map: (value: A) => B): Record<K, B> {
  return Object.fromEntries(Object.entries<A>(record).map(([key, value]) => [key, map(value)])) as Record<K, B>;
}

import { flushCompileCache } from "node:module";
import type { FastifyInstance } from "fastify";
import { type Clock, systemClock } from "./clock.ts";
import { type Env, type Identity, identityFrom } from "./identity.ts";
import { createLogger, LineBuffer, type Logger } from "./log.ts";
import { Metrics } from "./metrics.ts";
import { createServer } from "./server.ts";

/** What the skeleton gives a service to build itself with. */
export interface Runtime {
  identity: Identity;
  env: Env;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  app: FastifyInstance;
  /** Fires when the drain is over: background work ends. */
  signal: AbortSignal;
  draining: () => boolean;
}

/** What a service gives back. */
export interface Parts {
  /** Resolves when every dependency can be used, throws why not. */
  ready?: () => Promise<void>;
  /** Work beside requests (migrations, sweepers); begins once the server listens, ends with the signal. */
  background?: () => Promise<void>;
  /** Runs after the last request has been answered. */
  close?: () => Promise<void>;
}

export interface Running {
  url: string;
  identity: Identity;
  /** The graceful way out: unready at once, still serving for the drain time, then finishing what is in flight. */
  stop(): Promise<void>;
}

export type Build = (runtime: Runtime) => Parts | Promise<Parts>;

/** Starts a service: it listens at once and turns ready when its dependencies are. */
export async function startService(service: string, build: Build, options: { env: Env; clock?: Clock; out?: { write(text: string): unknown } }): Promise<Running> {
  const { env, clock = systemClock, out = process.stdout } = options;
  const identity = identityFrom(env, service);
  const lines = new LineBuffer(out);
  const log = createLogger(identity, env.LOG_LEVEL ?? "info", lines);
  const metrics = new Metrics(identity);
  const leaving = new AbortController();
  let draining = false;
  let parts: Parts = {};
  let cacheFlushed = false;

  const app = createServer({
    identity,
    log,
    metrics,
    draining: () => draining,
    ready: async () => {
      await parts.ready?.();
      if (cacheFlushed) return;
      cacheFlushed = true;
      // A killed process never writes its compile cache; by now what start-up needs has been compiled.
      setImmediate(flushCompileCache);
    },
  });
  parts = await build({ identity, env, clock, log, metrics, app, signal: leaving.signal, draining: () => draining });
  const url = await app.listen({ host: identity.host, port: identity.port });
  log.info({ url }, "listening");
  const background = (parts.background?.() ?? Promise.resolve()).catch((error: unknown) => {
    // Without its background work a service is not what it claims to be: the kubelet shall start it anew.
    log.fatal({ err: error }, "background work failed");
    lines.flush();
    process.exit(1);
  });

  const stop = async (): Promise<void> => {
    draining = true;
    log.info({ drainMs: identity.drainMs }, "draining");
    lines.flush();
    await clock.sleep(identity.drainMs);
    leaving.abort();
    const finished = app.close().then(() => background);
    const deadline = new AbortController();
    const late = clock.sleep(identity.shutdownTimeoutMs, deadline.signal).then(
      () => log.error("requests were still in flight at the shutdown timeout"),
      () => {}, // everything finished in time
    );
    await Promise.race([finished, late]);
    deadline.abort();
    await parts.close?.();
    log.info("stopped");
    lines.flush();
  };
  let stopping: Promise<void> | undefined;
  return { url, identity, stop: () => (stopping ??= stop()) };
}

/** The main program of a service: runs until SIGTERM or SIGINT. */
export function runService(service: string, build: Build): void {
  startService(service, build, { env: process.env }).then(
    (running) => {
      const leave = (): void => {
        running.stop().then(
          () => process.exit(0),
          (error: unknown) => fail(error),
        );
      };
      process.on("SIGTERM", leave);
      process.on("SIGINT", leave);
    },
    (error: unknown) => fail(error),
  );
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}

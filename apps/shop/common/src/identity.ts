import { hostname } from "node:os";

/** Who this process is and where it listens: everything the skeleton reads from the environment. */
export interface Identity {
  service: string;
  version: string;
  pod: string;
  host: string;
  port: number;
  /** How long the process keeps accepting after SIGTERM, so that every load balancer has learnt that it is leaving. */
  drainMs: number;
  /** How long requests in flight may take after that before the process leaves anyway. */
  shutdownTimeoutMs: number;
}

export type Env = Record<string, string | undefined>;

export function identityFrom(env: Env, service: string): Identity {
  return {
    service,
    version: env.SERVICE_VERSION ?? "v1",
    pod: env.HOSTNAME ?? hostname(),
    host: env.HOST ?? "0.0.0.0",
    port: integerFrom(env, "PORT", 8080),
    drainMs: integerFrom(env, "DRAIN_MS", 3_000),
    shutdownTimeoutMs: integerFrom(env, "SHUTDOWN_TIMEOUT_MS", 10_000),
  };
}

/** A whole number of an environment variable; throws with the variable's name when it is anything else. */
export function integerFrom(env: Env, name: string, fallback: number): number {
  const text = env[name];
  if (text === undefined || text === "") return fallback;
  if (!/^\d{1,15}$/.test(text)) throw new Error(`${name} must be a whole number, not ${JSON.stringify(text)}`);
  return Number(text);
}

/** A required environment variable. */
export function textFrom(env: Env, name: string): string {
  const text = env[name];
  if (!text) throw new Error(`${name} is not set`);
  return text;
}

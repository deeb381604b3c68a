/** The host's ports: all on loopback, checked before anything starts, so that a refusal is early and says what to do. */
import { createServer } from "node:net";

export interface Ports {
  api: number;
  registry: number;
  http: number;
  https: number;
}

/** What the user asked for; 0 is any free port, undefined the default. */
export type PortWishes = { [K in keyof Ports]?: number | undefined };

/** A start that cannot succeed as asked; the message says what to do. No restart would help. */
export class Refusal extends Error {}

interface PortPlan {
  flag: string;
  what: string;
  /** Tried in order; the first that can be bound wins. */
  defaults: number[];
}

const PLANS: Record<keyof Ports, PortPlan> = {
  api: { flag: "--api-port", what: "the API server", defaults: [6443] },
  registry: { flag: "--registry-port", what: "the image registry", defaults: [5002] },
  http: { flag: "--http-port", what: "the shop (HTTP)", defaults: [80, 8080] },
  https: { flag: "--https-port", what: "the shop (HTTPS)", defaults: [443, 8443] },
};

/** Chooses the ports to listen on. Throws a {@link Refusal} that names the port, its use and the flag. */
export async function choosePorts(wishes: PortWishes): Promise<Ports> {
  const ports: Partial<Ports> = {};
  for (const name of Object.keys(PLANS) as (keyof Ports)[]) {
    const { flag, what, defaults } = PLANS[name];
    const wish = wishes[name];
    const failures: string[] = [];
    for (const candidate of wish === undefined ? defaults : [wish]) {
      const result = await tryBind(candidate);
      if (typeof result === "number") {
        ports[name] = result;
        break;
      }
      failures.push(`${candidate} ${result.code === "EADDRINUSE" ? "is in use" : result.code === "EACCES" ? "needs more rights" : result.message}`);
    }
    if (ports[name] === undefined) {
      throw new Refusal(
        `No port for ${what}: 127.0.0.1:${failures.join(", ")}.\n` +
          `Another program (or another Tidepool: 'tidepool status --data DIR') has it. Stop that one, or choose a port with ${flag} N (0 = any free one).`,
      );
    }
  }
  return ports as Ports;
}

/** The port that was bound for a moment, or the error. */
function tryBind(port: number): Promise<number | NodeJS.ErrnoException> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(error));
    server.listen({ port, host: "127.0.0.1" }, () => {
      const bound = (server.address() as { port: number }).port;
      server.close(() => resolve(bound));
    });
  });
}

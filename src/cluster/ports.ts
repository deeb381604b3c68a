/** The host's ports: all on loopback, checked before anything starts, so that a refusal is early and says what to do. */
import { createServer, Server, type AddressInfo } from "node:net";
import { Refusal } from "./refusal.ts";

export interface Ports {
  api: number;
  registry: number;
  http: number;
  https: number;
}

/** What the user asked for; 0 is any free port, undefined the default. */
export type PortWishes = { [K in keyof Ports]?: number | undefined };

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

/** The ports to listen on, and why some are not the first choice: `80 needs more rights`. */
export interface ChosenPorts {
  ports: Ports;
  passedOver: { [K in keyof Ports]?: string };
}

/** Chooses the ports to listen on. Throws a {@link Refusal} that names the port, its use and the flag. */
export async function choosePorts(wishes: PortWishes): Promise<ChosenPorts> {
  const ports: Partial<Ports> = {};
  const passedOver: ChosenPorts["passedOver"] = {};
  // Held until all are chosen: no port is given twice.
  const held: Server[] = [];
  try {
    for (const name of Object.keys(PLANS) as (keyof Ports)[]) {
      const { flag, what, defaults } = PLANS[name];
      const wish = wishes[name];
      const failures: string[] = [];
      for (const candidate of wish === undefined ? defaults : [wish]) {
        const result = await bind(candidate);
        if (result instanceof Server) {
          held.push(result);
          ports[name] = (result.address() as AddressInfo).port;
          break;
        }
        failures.push(`${candidate} ${result.code === "EADDRINUSE" ? "is in use" : result.code === "EACCES" ? "needs more rights" : result.message}`);
      }
      if (ports[name] === undefined) {
        const twin = (Object.keys(ports) as (keyof Ports)[]).find((other) => ports[other] === wish);
        const reason = twin ? `${PLANS[twin].flag} is the same.` : `Another program (or another Tidepool: 'npx tidepool status --data DIR') may have it.`;
        throw new Refusal(`No port for ${what}: 127.0.0.1:${failures.join(", ")}.\n${reason} Free it, or choose another port with ${flag} N (0 = any free one).`);
      }
      if (failures.length > 0) passedOver[name] = failures.join(", ");
    }
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
  return { ports: ports as Ports, passedOver };
}

/** A server on the port, or why there can't be one. */
function bind(port: number): Promise<Server | NodeJS.ErrnoException> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    server.listen({ port, host: "127.0.0.1" }, () => resolve(server));
  });
}

/** Constant load while something else happens: a few customers who order and look around without a pause. */
import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { FIRST_ORDER, placeOrder } from "./shop.ts";
import { pause } from "./wait.ts";

export interface Traffic {
  requests: number;
  /** Everything that was not answered as it should be, with when (ms since the start). */
  failures: string[];
  /** How many answers came from which version of which service. */
  versions: Map<string, number>;
  /** Ends it, and resolves when the last answer is in. */
  stop(): Promise<Traffic>;
}

const PATHS = ["/api/products", "/api/users", "/api/orders?limit=5", "/", "/api/products/100"];

export function startTraffic(shop: string, customers = 10): Traffic {
  let stopped = false;
  const startedAt = performance.now();
  const traffic: Traffic = {
    requests: 0,
    failures: [],
    versions: new Map(),
    async stop() {
      stopped = true;
      await Promise.all(running);
      return traffic;
    },
  };
  const note = (what: string, status: number, wanted: number, headers: Headers, detail: string): void => {
    traffic.requests++;
    const who = `${headers.get("x-service")} ${headers.get("x-service-version")}`;
    traffic.versions.set(who, (traffic.versions.get(who) ?? 0) + 1);
    if (status !== wanted) traffic.failures.push(`${Math.round(performance.now() - startedAt)} ms: ${what} answered ${status} ${detail.slice(0, 200)}`);
  };
  const customer = async (number: number): Promise<void> => {
    for (let turn = number; !stopped; turn++) {
      const path = PATHS[turn % PATHS.length]!;
      try {
        if (turn % 2 === 0) {
          const { status, headers, body } = await placeOrder(shop, FIRST_ORDER, randomUUID());
          note("POST /api/orders", status, 201, headers, JSON.stringify(body));
        } else {
          const response = await fetch(`${shop}${path}`, { signal: AbortSignal.timeout(15_000) });
          const text = await response.text();
          note(`GET ${path}`, response.status, 200, response.headers, text);
        }
      } catch (error) {
        traffic.requests++;
        traffic.failures.push(`${Math.round(performance.now() - startedAt)} ms: ${inspect(error, { depth: 1 })}`);
      }
      await pause(5);
    }
  };
  const running = Array.from({ length: customers }, (_, number) => customer(number));
  return traffic;
}

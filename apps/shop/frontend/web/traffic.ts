import type { Call } from "./exchange.ts";

/** More than this under way at once means the shop does not keep up: the page then waits instead of piling up. */
const MAX_UNDER_WAY = 60;
const TICK_MS = 50;

/** The calls of steady traffic, in turn: half of them orders. */
export function* steadyCalls(newKey: () => string): Generator<Call, never> {
  for (;;) {
    yield order(newKey());
    yield { service: "inventory-service", method: "GET", path: "/api/products" };
    yield order(newKey());
    yield { service: "user-service", method: "GET", path: "/api/users/1" };
    yield order(newKey());
    yield { service: "frontend", method: "HEAD", path: "/" };
  }
}

/** The order of the load scripts. */
export const order = (idempotencyKey?: string): Call => ({
  service: "order-service",
  method: "POST",
  path: "/api/orders",
  body: { user_id: 1, product_id: 100, quantity: 1 },
  ...(idempotencyKey !== undefined && { idempotencyKey }),
});

/** How many requests are due `elapsedMs` after the last ones at a rate, and what is carried over to the next time. */
export function due(carried: number, elapsedMs: number, perSecond: number): { count: number; carried: number } {
  // A page that slept (a hidden tab) does not make up for it.
  const exact = carried + (Math.min(elapsedMs, 1_000) / 1_000) * perSecond;
  const count = Math.floor(exact);
  return { count, carried: exact - count };
}

/** Sends calls at a steady rate. */
export class SteadyTraffic {
  perSecond = 10;
  private readonly calls: Iterator<Call, never>;
  private readonly send: (call: Call) => Promise<void>;
  private timer: ReturnType<typeof setInterval> | undefined;
  private underWay = 0;

  constructor(calls: Iterator<Call, never>, send: (call: Call) => Promise<void>) {
    this.calls = calls;
    this.send = send;
  }

  get on(): boolean {
    return this.timer !== undefined;
  }

  start(): void {
    let last = performance.now();
    let carried = 1; // the first one goes out with the first tick
    this.timer ??= setInterval(() => {
      const now = performance.now();
      const step = due(carried, now - last, this.perSecond);
      last = now;
      carried = step.carried;
      for (let index = 0; index < step.count && this.underWay < MAX_UNDER_WAY; index++) {
        this.underWay++;
        void this.send(this.calls.next().value).finally(() => this.underWay--);
      }
    }, TICK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}

/** Customers who never give up: each order has a key and is asked for again until the shop says yes or no. */
import { randomUUID } from "node:crypto";
import { placeOrder } from "./shop.ts";
import { pause } from "./wait.ts";

export interface Outcome {
  /** Acknowledged orders: the key, and every id the shop ever gave for it. */
  confirmed: Map<string, Set<number>>;
  /** Orders that the shop refused for good, with its status. */
  refused: Map<string, number>;
  /** Answers and breaks that led to another try. */
  retries: number;
}

/** Between two tries of one order, and between two orders. */
const BETWEEN_TRIES_MS = 100;
const BETWEEN_ORDERS_MS = 20;

export interface Customers {
  outcome: Outcome;
  /** No new orders from now on; resolves when every order that was begun has its answer. */
  finish(): Promise<Outcome>;
}

export function startCustomers(shop: () => string, count: number): Customers {
  let closing = false;
  const outcome: Outcome = { confirmed: new Map(), refused: new Map(), retries: 0 };

  const place = async (body: object): Promise<void> => {
    for (const key = randomUUID(); ; await pause(BETWEEN_TRIES_MS)) {
      try {
        const { status, body: order } = await placeOrder(shop(), body, key);
        if (status === 201) {
          const ids = new Set([order.id]);
          outcome.confirmed.set(key, ids);
          // Now and then a customer doubts the answer and asks again.
          if (outcome.confirmed.size % 10 === 0) {
            const again = await placeOrder(shop(), body, key).catch(() => undefined);
            if (again?.status === 201) ids.add(again.body.id);
          }
          return;
        }
        if (status < 500 && status !== 429) {
          outcome.refused.set(key, status);
          return;
        }
      } catch {
        // A broken connection says nothing about the order: ask again with the same key.
      }
      outcome.retries++;
    }
  };

  const customer = async (number: number): Promise<void> => {
    for (let turn = number; !closing; turn++) {
      await place({ user_id: 1 + (turn % 6), product_id: 100 + (turn % 4), quantity: 1 + (turn % 3) });
      await pause(BETWEEN_ORDERS_MS);
    }
  };
  const running = Array.from({ length: count }, (_, number) => customer(number));
  return {
    outcome,
    async finish() {
      closing = true;
      await Promise.all(running);
      return outcome;
    },
  };
}

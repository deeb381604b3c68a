import { ApiError } from "@shop/common/errors.ts";
import { type JsonClient, type JsonReply, refusalOf } from "@shop/common/http-client.ts";
import { type Action, afterStep, nextAction, type Reply, type Saga, type Step } from "./saga.ts";

/** The parts of an order the other services see. */
export interface SagaOrder {
  order_key: string;
  user_id: number;
  product_id: number;
  quantity: number;
}

export interface Ending {
  as: "confirmed" | "rejected" | "cancelled";
  saga: Saga;
}

/** Carries out the steps in the other services. */
export interface SagaServices {
  inventory: Pick<JsonClient, "call">;
  users: Pick<JsonClient, "call">;
}

/**
 * Works on an order until only writing down its ending is left. Throws a 503 ApiError when a service does not answer by
 * `deadline`: how far the order got is then unknown, and it can be resumed from the start.
 */
export async function drive(order: SagaOrder, from: Saga, services: SagaServices, deadline: number): Promise<Ending> {
  let saga = from;
  for (;;) {
    const action: Action = nextAction(saga);
    if (action.do === "finish") return { as: action.as, saga };
    saga = afterStep(saga, action.do, await take(action.do, order, saga, services, deadline));
  }
}

async function take(step: Step, order: SagaOrder, saga: Saga, { inventory, users }: SagaServices, deadline: number): Promise<Reply> {
  const key = order.order_key;
  switch (step) {
    case "reserve": {
      const body = { order_key: key, product_id: order.product_id, quantity: order.quantity };
      return replyOf(await inventory.call("POST", "/reservations", body, deadline));
    }
    case "charge": {
      const body = { order_key: key, user_id: order.user_id, amount_cents: saga.reservation!.unitPriceCents * order.quantity };
      return replyOf(await users.call("POST", "/charges", body, deadline));
    }
    case "confirm":
      return replyOf(await inventory.call("POST", `/reservations/${key}/confirm`, undefined, deadline));
    case "release":
      return replyOf(await inventory.call("POST", `/reservations/${key}/release`, undefined, deadline));
    case "refund":
      return replyOf(await users.call("POST", `/charges/${key}/refund`, undefined, deadline));
  }
}

/** Refusals a step may meet; any other answer of 4xx is a mistake between the services, not the client's. */
const REFUSALS = new Set([
  "unknown_product",
  "unknown_user",
  "out_of_stock",
  "insufficient_credit",
  "reservation_released",
  "reservation_expired",
  "reservation_confirmed",
  "unknown_reservation",
  "charge_refunded",
]);

function replyOf(reply: JsonReply): Reply {
  if (reply.status < 300) {
    const reservation = reply.body as { unit_price_cents?: number | null; state: string };
    return { ok: true, ...(typeof reservation.unit_price_cents === "number" && { unitPriceCents: reservation.unit_price_cents }), alreadyConfirmed: reservation.state === "confirmed" };
  }
  const { details, ...refusal } = refusalOf(reply);
  if (!REFUSALS.has(refusal.code)) throw new ApiError(500, "internal", "the services misunderstood each other; quote the request_id", { cause: new Error(`${refusal.status} ${refusal.code}: ${refusal.message}`) });
  const confirmed = details.reservation as { unit_price_cents: number } | undefined;
  return { ok: false, refusal, ...(confirmed && { confirmedUnitPriceCents: confirmed.unit_price_cents }) };
}

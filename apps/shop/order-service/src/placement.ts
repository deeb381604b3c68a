import { randomUUID } from "node:crypto";
import type { Clock } from "@shop/common/clock.ts";
import { ApiError, unavailable } from "@shop/common/errors.ts";
import type { Logger } from "@shop/common/log.ts";
import type { Orders } from "./orders.ts";
import { beginning, type Saga } from "./saga.ts";
import { drive, type SagaServices } from "./saga-driver.ts";
import type { OrderRow } from "./schema.ts";

export interface OrderRequest {
  userId: number;
  productId: number;
  quantity: number;
}

export interface RequestKey {
  value: string;
  /** Whether the client chose the key and may come back with it; otherwise it is the gateway's, good for the gateway's own retries. */
  heldByClient: boolean;
}

export interface PlacementTimes {
  /** How long one driver works on an order before it gives up. */
  budgetMs: number;
  /** How long others leave an order to its driver: longer than the budget. */
  leaseMs: number;
  /** How long a request waits for an order another driver works on. */
  joinMs: number;
  /** How much longer recovery leaves alone an order whose client holds no key: the gateway may still retry. */
  clientlessGraceMs: number;
}

export const DEFAULT_TIMES: PlacementTimes = { budgetMs: 3_500, leaseMs: 4_000, joinMs: 8_000, clientlessGraceMs: 10_000 };

const POLL_MS = 50;
const STUCK_AT_ONCE = 16;

/** Places orders: each is written down first, then driven through its saga, by this process or by whoever finds it stuck. */
export class Placement {
  private readonly orders: Orders;
  private readonly services: SagaServices;
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly times: PlacementTimes;
  /** Orders this process is working on. */
  private readonly atWork = new Map<number, Promise<OrderRow>>();

  constructor(orders: Orders, services: SagaServices, clock: Clock, log: Logger, times: PlacementTimes = DEFAULT_TIMES) {
    this.orders = orders;
    this.services = services;
    this.clock = clock;
    this.log = log;
    this.times = times;
  }

  /**
   * The order in its final state, and whether it was placed by an earlier request with the same key. Throws the refusal of
   * an order that cannot be (the same one again for the same key), and a 503 while its outcome is open.
   */
  async place(request: OrderRequest, key: RequestKey | undefined): Promise<{ order: OrderRow; replayed: boolean }> {
    const now = this.clock.now();
    const created = await this.orders.insert({
      ...request,
      orderKey: randomUUID(),
      idempotencyKey: key?.value ?? null,
      clientKey: key?.heldByClient ?? false,
      createdAt: new Date(now),
      leaseUntil: new Date(now + this.times.leaseMs),
    });
    if (created) return { order: answerable(await this.work(created, beginning("forward", true))), replayed: false };
    return { order: answerable(await this.join(request, key!.value)), replayed: true };
  }

  /** Resumes orders whose driver is gone: forward when the client may come back for the answer, else back. Returns how many. */
  async recover(): Promise<number> {
    const now = this.clock.now();
    const stuck = await this.orders.claimStuck(new Date(now), new Date(now - this.times.clientlessGraceMs), new Date(now + this.times.leaseMs), STUCK_AT_ONCE);
    await Promise.all(
      stuck.map(async (order) => {
        try {
          const { status } = await this.work(order, beginning(order.client_key ? "forward" : "back", false));
          this.log.info({ order: order.id, status }, "recovered an order");
        } catch (error) {
          this.log.warn({ err: error, order: order.id }, "an order could not be recovered yet");
        }
      }),
    );
    return stuck.length;
  }

  /** Follows an order that exists already: to its end, or to the moment its driver is gone and this process takes it over. */
  private async join(request: OrderRequest, key: string): Promise<OrderRow> {
    const deadline = this.clock.now() + this.times.joinMs;
    for (;;) {
      const order = await this.orders.findByKey(key);
      // Its insert is not committed, or was rolled back: the client's next try finds out.
      if (!order) throw stillOpen();
      if (order.user_id !== request.userId || order.product_id !== request.productId || order.quantity !== request.quantity) {
        throw new ApiError(422, "idempotency_key_reused", "this Idempotency-Key was used for a different order", { field: "Idempotency-Key" });
      }
      if (order.status !== "pending") return order;
      const ours = this.atWork.get(order.id);
      if (ours) return ours;
      const now = this.clock.now();
      const claimed = order.lease_until.getTime() <= now ? await this.orders.claim(order.id, new Date(now), new Date(now + this.times.leaseMs)) : undefined;
      if (claimed) return this.work(claimed, beginning("forward", false));
      if (now >= deadline) throw stillOpen();
      await this.clock.sleep(POLL_MS);
    }
  }

  private work(order: OrderRow, saga: Saga): Promise<OrderRow> {
    const work = this.driveToEnd(order, saga).finally(() => this.atWork.delete(order.id));
    this.atWork.set(order.id, work);
    return work;
  }

  private async driveToEnd(order: OrderRow, from: Saga): Promise<OrderRow> {
    try {
      const { as, saga } = await drive(order, from, this.services, this.clock.now() + this.times.budgetMs);
      const at = new Date(this.clock.now());
      const price = as === "confirmed" ? saga.reservation!.unitPriceCents : undefined;
      const refusal = as === "rejected" ? saga.refusal : undefined;
      const finished = await this.orders.finish({ id: order.id, attempt: order.attempt, status: as, at, ...(price !== undefined && { unitPriceCents: price }), ...(refusal && { refusal }) });
      if (finished) {
        return {
          ...order,
          status: as,
          finished_at: at,
          unit_price_cents: price ?? null,
          total_cents: price === undefined ? null : price * order.quantity,
          reason_status: refusal?.status ?? null,
          reason_code: refusal?.code ?? null,
          reason_message: refusal?.message ?? null,
        };
      }
    } catch (error) {
      // Best effort: without it the others wait for the lease to run out.
      await this.orders.giveUp(order.id, order.attempt, new Date(this.clock.now())).catch(() => {});
      throw error;
    }
    const current = await this.orders.find(order.id);
    if (!current || current.status === "pending") throw stillOpen();
    return current;
  }
}

const stillOpen = (): ApiError => unavailable("order_open", "the outcome of this order is still open; ask again with the same Idempotency-Key");

/** A confirmed order, or the error that says why it is not. */
function answerable(order: OrderRow): OrderRow {
  if (order.status === "confirmed") return order;
  if (order.status === "rejected") throw new ApiError(order.reason_status!, order.reason_code!, order.reason_message!, refusedField(order.reason_code!));
  throw unavailable("order_cancelled", "the order was called off after an interruption; nothing was charged");
}

const FIELDS: Record<string, string> = { unknown_user: "user_id", insufficient_credit: "user_id", unknown_product: "product_id", out_of_stock: "quantity" };

function refusedField(code: string): { field?: string } {
  const field = FIELDS[code];
  return field === undefined ? {} : { field };
}

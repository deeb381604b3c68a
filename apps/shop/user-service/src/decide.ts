import type { ChargeRow } from "./schema.ts";

/** Money asked of a user for an order. */
export interface ChargeAsk {
  orderKey: string;
  userId: number;
  amountCents: number;
}

export type ChargeVerdict =
  /** Nothing is known of this order: charge it. */
  | "charge"
  /** It is charged: the same answer once more. */
  | "keep"
  /** The order was called off: it is never charged again. */
  | "refunded"
  /** The order key was used for something else. */
  | "mismatch";

/** What to do about a charge, given what the ledger has under its order key. */
export function judgeCharge(ask: ChargeAsk, row: ChargeRow | undefined): ChargeVerdict {
  if (row === undefined) return "charge";
  if (row.state === "refunded") return "refunded";
  return row.user_id === ask.userId && row.amount_cents === ask.amountCents ? "keep" : "mismatch";
}

/** v2's thank-you for faithful customers. */
export function loyaltyTier(spentCents: number): "driftwood" | "coral" | "pearl" {
  if (spentCents >= 1_000_000) return "pearl";
  return spentCents >= 100_000 ? "coral" : "driftwood";
}

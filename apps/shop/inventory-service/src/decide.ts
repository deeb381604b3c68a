import type { ReservationRow } from "./schema.ts";

/** Someone asks for pieces of a product on behalf of an order. */
export interface Ask {
  orderKey: string;
  productId: number;
  quantity: number;
}

export type ReserveVerdict =
  /** Nothing is known of this order: take stock for it. */
  | "take"
  /** It had stock once and lost it by expiry: take stock again. */
  | "retake"
  /** It has its stock: the same answer once more. */
  | "keep"
  /** The order was called off: it never gets stock again. */
  | "released"
  /** The order key was used for something else. */
  | "mismatch";

/** What to do about an ask, given what is on record under its order key. */
export function judgeReserve(ask: Ask, row: ReservationRow | undefined): ReserveVerdict {
  if (row === undefined) return "take";
  if (row.state === "released") return "released";
  if (row.product_id !== ask.productId || row.quantity !== ask.quantity) return "mismatch";
  return row.state === "expired" ? "retake" : "keep";
}

export type ConfirmVerdict = "confirmed" | "expired" | "released" | "unknown";

/** Why a confirmation changed nothing: it had happened before, or it cannot happen. `row` is what is on record after the try. */
export function judgeConfirm(row: ReservationRow | undefined): ConfirmVerdict {
  if (row === undefined) return "unknown";
  // Still "reserved" after the try means that its time has run out and the sweeper has not come by yet.
  return row.state === "reserved" ? "expired" : row.state;
}

export interface ProductNumbers {
  stock_initial: number;
  stock_left: number;
  reserved: number;
  sold: number;
  /** The same two figures, added up from the reservations. */
  reservations_reserved: number;
  reservations_confirmed: number;
}

/** No piece was created or lost, and the counters say what the reservations say. */
export const holds = (numbers: ProductNumbers): boolean =>
  numbers.stock_initial === numbers.stock_left + numbers.reserved + numbers.sold &&
  numbers.reserved === numbers.reservations_reserved &&
  numbers.sold === numbers.reservations_confirmed;

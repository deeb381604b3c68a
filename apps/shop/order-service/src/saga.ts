/**
 * What to do next for an order, decided from what is known. No I/O here: saga-driver.ts acts.
 *
 * Forward: reserve the stock, charge the user, confirm the reservation. Confirming is the point of no return: it happens
 * only once the charge stands, and afterwards the only way is to write the order down as confirmed. Back: release the
 * reservation, refund the charge. The release comes first and is final, so that after it nobody can confirm any more and
 * the refund is safe; if instead it meets a confirmed reservation, forward has won.
 *
 * Every step may be done twice, by two drivers at once, or long after its driver died. So at the end: the order is
 * confirmed exactly when its reservation is and its charge stands.
 */
export interface Saga {
  direction: "forward" | "back";
  /** Nobody has worked on this order before: what this driver has not asked for has not happened. */
  fresh: boolean;
  reservation?: { unitPriceCents: number };
  reserveTries: number;
  charged: boolean;
  confirmed: boolean;
  released: boolean;
  refunded: boolean;
  /** Why the order cannot be. Without one, going back means that it was called off. */
  refusal?: Refusal;
}

export interface Refusal {
  status: number;
  code: string;
  message: string;
}

export type Step = "reserve" | "charge" | "confirm" | "release" | "refund";
export type Action = { do: Step } | { do: "finish"; as: "confirmed" | "rejected" | "cancelled" };

/** What a step brought. "Unknown" is no reply: then the driver stops, and whoever resumes the order asks again. */
export type Reply =
  | { ok: true; unitPriceCents?: number; alreadyConfirmed?: boolean }
  | { ok: false; refusal: Refusal; /** From a release that met a confirmed reservation. */ confirmedUnitPriceCents?: number };

export const beginning = (direction: Saga["direction"], fresh: boolean): Saga => ({
  direction,
  fresh,
  reserveTries: 0,
  charged: false,
  confirmed: false,
  released: false,
  refunded: false,
});

export function nextAction(saga: Saga): Action {
  if (saga.confirmed) return { do: "finish", as: "confirmed" };
  if (saga.direction === "forward") {
    if (!saga.reservation) return { do: "reserve" };
    return { do: saga.charged ? "confirm" : "charge" };
  }
  // A fresh order that got no stock has nothing to undo. (A reservation made by a straggling first try expires.)
  const nothingToUndo = saga.fresh && saga.reserveTries > 0 && !saga.reservation;
  if (!nothingToUndo && !saga.released) return { do: "release" };
  if (!nothingToUndo && !saga.refunded) return { do: "refund" };
  return { do: "finish", as: saga.refusal ? "rejected" : "cancelled" };
}

/** The saga after a step was answered. */
export function afterStep(saga: Saga, step: Step, reply: Reply): Saga {
  if (!reply.ok) return afterRefusal(saga, step, reply.refusal, reply.confirmedUnitPriceCents);
  switch (step) {
    case "reserve":
      return {
        ...saga,
        reservation: { unitPriceCents: reply.unitPriceCents! },
        reserveTries: saga.reserveTries + 1,
        confirmed: reply.alreadyConfirmed === true,
      };
    case "charge":
      return { ...saga, charged: true };
    case "confirm":
      return { ...saga, confirmed: true };
    case "release":
      return { ...saga, released: true };
    case "refund":
      return { ...saga, refunded: true };
  }
}

const MAX_RESERVE_TRIES = 3;

function afterRefusal(saga: Saga, step: Step, refusal: Refusal, confirmedUnitPriceCents: number | undefined): Saga {
  switch (step) {
    case "reserve":
      return { ...saga, reserveTries: saga.reserveTries + 1, direction: "back", refusal: publicRefusal(refusal) };
    case "charge":
      return { ...saga, direction: "back", refusal: publicRefusal(refusal) };
    case "confirm": {
      // It expired before we came back (or its record was lost with a crash of the database): it may be taken again.
      const again = (refusal.code === "reservation_expired" || refusal.code === "unknown_reservation") && saga.reserveTries < MAX_RESERVE_TRIES;
      if (!again) return { ...saga, direction: "back", refusal: publicRefusal(refusal) };
      const { reservation: _lost, ...rest } = saga;
      // A later refusal must find the charge undone: from here on there is something to undo.
      return { ...rest, fresh: false };
    }
    case "release":
      if (refusal.code === "reservation_confirmed") return { ...saga, confirmed: true, reservation: { unitPriceCents: confirmedUnitPriceCents! } };
      throw new Error(`a release can only be refused for a confirmed reservation, not for ${refusal.code}`);
    case "refund":
      throw new Error(`a refund cannot be refused, not even with ${refusal.code}`);
  }
}

/** The words a client understands: it knows orders, not reservations and charges. */
function publicRefusal(refusal: Refusal): Refusal {
  if (["reservation_released", "charge_refunded", "reservation_expired", "unknown_reservation"].includes(refusal.code)) {
    return { status: 409, code: "order_cancelled", message: "the order was called off after an interruption; nothing was charged" };
  }
  return refusal;
}

import type { Migration } from "@shop/common/migrate.ts";

/** pending: being worked on; confirmed: charged and sold; rejected: refused for a reason, nothing charged or sold; cancelled: called off after an interruption, likewise. */
export type OrderStatus = "pending" | "confirmed" | "rejected" | "cancelled";

export interface Schema {
  orders: OrderRow;
}

export interface OrderRow {
  id: number;
  /** The order's name in the other services. */
  order_key: string;
  idempotency_key: string | null;
  /** Whether the client itself holds the key and may come back for the answer. */
  client_key: boolean;
  user_id: number;
  product_id: number;
  quantity: number;
  unit_price_cents: number | null;
  total_cents: number | null;
  status: OrderStatus;
  reason_status: number | null;
  reason_code: string | null;
  reason_message: string | null;
  /** Counts who has worked on the order: only the latest may finish it. */
  attempt: number;
  /** Until then the latest is taken to be alive. A courtesy, nothing rests on it. */
  lease_until: Date;
  created_at: Date;
  finished_at: Date | null;
}

export const migrations: readonly Migration[] = [
  {
    id: "001-orders",
    sql: `
      create table orders (
        id bigint generated always as identity (start with 1001) primary key,
        order_key uuid not null,
        idempotency_key text unique,
        client_key boolean not null,
        user_id integer not null,
        product_id integer not null,
        quantity integer not null check (quantity > 0),
        unit_price_cents integer,
        total_cents bigint,
        status text not null default 'pending' check (status in ('pending', 'confirmed', 'rejected', 'cancelled')),
        reason_status integer,
        reason_code text,
        reason_message text,
        attempt integer not null default 1,
        lease_until timestamptz not null,
        created_at timestamptz not null,
        finished_at timestamptz,
        check (status <> 'confirmed' or (unit_price_cents is not null and total_cents = unit_price_cents::bigint * quantity)),
        check ((status = 'rejected') = (reason_code is not null))
      );
      create index orders_by_user on orders (user_id, id);
      create index orders_unfinished on orders (lease_until) where status = 'pending';
    `,
  },
];

import type { Migration } from "@shop/common/migrate.ts";

export type ReservationState = "reserved" | "confirmed" | "released" | "expired";

export interface Schema {
  products: ProductRow;
  reservations: ReservationRow;
}

export interface ProductRow {
  id: number;
  name: string;
  name_ko: string;
  price_cents: number;
  stock_initial: number;
  /** Free to be reserved. */
  stock_left: number;
  /** Held by reservations that are neither confirmed, released nor expired. */
  reserved: number;
  /** Held by confirmed reservations, for good. */
  sold: number;
}

export interface ReservationRow {
  order_key: string;
  /** Null only for a release that came before its reservation: it bars the reservation from ever being made. */
  product_id: number | null;
  quantity: number;
  /** The price when it was reserved: what the order will be charged. */
  unit_price_cents: number | null;
  state: ReservationState;
  expires_at: Date;
}

export const migrations: readonly Migration[] = [
  {
    id: "001-stock",
    sql: `
      create table products (
        id integer primary key,
        name text not null,
        name_ko text not null,
        price_cents integer not null check (price_cents > 0),
        stock_initial integer not null,
        stock_left integer not null check (stock_left >= 0),
        reserved integer not null default 0 check (reserved >= 0),
        sold integer not null default 0 check (sold >= 0),
        -- What the whole shop rests on: no statement can create or lose a piece.
        constraint every_piece_is_somewhere check (stock_initial = stock_left + reserved + sold)
      ) with (fillfactor = 20); -- few rows, updated all the time: leave room for new versions on the same page

      -- No foreign key to products: each check would lock the hot product row, products are never deleted, and rows are
      -- only inserted by selecting from products.
      create table reservations (
        order_key uuid primary key,
        product_id integer,
        quantity integer not null,
        unit_price_cents integer,
        state text not null check (state in ('reserved', 'confirmed', 'released', 'expired')),
        expires_at timestamptz not null,
        check (state = 'released' or (product_id is not null and unit_price_cents is not null and quantity > 0))
      );
      create index reservations_by_expiry on reservations (expires_at) where state = 'reserved';
    `,
  },
  {
    id: "002-first-products",
    sql: `
      insert into products (id, name, name_ko, price_cents, stock_initial, stock_left)
      select id, name, name_ko, price_cents, stock, stock from (values
        (100, 'Tide clock',            '조수 시계',        1990, 1000000),
        (101, 'Pebble paperweight',    '조약돌 문진',        650,   50000),
        (102, 'Anemone lamp',          '말미잘 램프',       4900,   20000),
        (103, 'Limpet door stop',      '삿갓조개 문버팀쇠',  1200,   20000),
        (104, 'Hermit crab organiser', '소라게 정리함',     2350,   20000),
        (105, 'Kelp scarf',            '다시마 목도리',     3200,   20000),
        (106, 'Starfish coasters',     '불가사리 컵받침',   1450,   20000),
        (107, 'Rock pool thermometer', '갯바위 온도계',     2800,   10000),
        (108, 'Barnacle soap',         '따개비 비누',        480,   50000),
        (109, 'Gull umbrella',         '갈매기 우산',       3900,   10000),
        (110, 'Driftwood shelf',       '유목 선반',         7900,    5000),
        (111, 'Salt spray candle',     '바닷바람 양초',     1750,   20000),
        (112, 'Blue-ringed teapot',    '파란고리 찻주전자', 5600,       5),
        (113, 'Message in a bottle',   '유리병 편지',       9900,       0)
      ) as first (id, name, name_ko, price_cents, stock);
    `,
  },
];

/** The shop's API as its customers call it, and the books that must balance. */
import assert from "node:assert/strict";
import { until } from "./wait.ts";

export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

export interface Order {
  id: number;
  user_id: number;
  product_id: number;
  quantity: number;
  total_cents: number | null;
  status: "pending" | "confirmed" | "rejected" | "cancelled";
  version: string;
}

export interface ErrorBody {
  error: { code: string; message: string; field?: string };
  request_id: string;
}

/** The body of the reference's load scripts. */
export const FIRST_ORDER = { user_id: 1, product_id: 100, quantity: 1 };

export async function get<T>(url: string, init: RequestInit = {}): Promise<Answer<T>> {
  const response = await fetch(url, { signal: AbortSignal.timeout(15_000), ...init });
  const text = await response.text();
  try {
    return { status: response.status, headers: response.headers, body: JSON.parse(text) as T };
  } catch {
    throw new Error(`${init.method ?? "GET"} ${url} answered ${response.status} with no JSON: ${text.slice(0, 500)}`);
  }
}

export function placeOrder<T = Order>(shop: string, body: unknown = FIRST_ORDER, key?: string): Promise<Answer<T>> {
  return get<T>(`${shop}/api/orders`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(key === undefined ? {} : { "idempotency-key": key }) },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

export interface Books {
  stock: { holds: boolean; products: { product_id: number; stock_initial: number; stock_left: number; reserved: number; sold: number; holds: boolean }[] };
  payments: { holds: boolean; spent_cents: number; charged_cents: number; charges: number };
  orders: { status: string; product_id: number; orders: number; quantity: number; total_cents: number }[];
}

export async function readBooks(shop: string): Promise<Books> {
  const [stock, payments, orders] = await Promise.all([
    get<Books["stock"]>(`${shop}/api/inventory/invariant`),
    get<Books["payments"]>(`${shop}/api/payments/invariant`),
    get<{ summary: Books["orders"] }>(`${shop}/api/orders/summary`),
  ]);
  for (const { status, body } of [stock, payments, orders]) assert.equal(status, 200, JSON.stringify(body));
  return { stock: stock.body, payments: payments.body, orders: orders.body.summary };
}

/** Waits until nothing is under way any more (abandoned reservations take their time to expire), and checks that every book agrees with every other. */
export async function assertBooksBalance(shop: string, timeoutMs = 90_000): Promise<Books> {
  const books = await until("every order to be finished and every reservation settled", async () => {
    const now = await readBooks(shop);
    const underWay = now.orders.some(({ status }) => status === "pending") || now.stock.products.some(({ reserved }) => reserved > 0);
    return !underWay && now;
  }, { timeoutMs, everyMs: 500 });

  assert.ok(books.stock.holds, `stock: ${JSON.stringify(books.stock)}`);
  assert.ok(books.payments.holds, `payments: ${JSON.stringify(books.payments)}`);
  const confirmed = books.orders.filter(({ status }) => status === "confirmed");
  const sum = (pick: (row: Books["orders"][number]) => number): number => confirmed.reduce((total, row) => total + Number(pick(row)), 0);
  for (const { product_id, stock_initial, stock_left, sold } of books.stock.products) {
    assert.equal(stock_initial, stock_left + sold, `product ${product_id}: nothing is lost`);
    const ordered = confirmed.filter((row) => row.product_id === product_id).reduce((total, row) => total + Number(row.quantity), 0);
    assert.equal(sold, ordered, `product ${product_id}: sold = ordered`);
  }
  assert.equal(books.payments.charges, sum((row) => row.orders), "one charge an order");
  assert.equal(Number(books.payments.charged_cents), sum((row) => row.total_cents), "charged = ordered");
  return books;
}

export type Backend = "orders" | "inventory" | "users" | "frontend";

/**
 * Which service serves which paths. Services' own endpoints (/reservations, /charges, /metrics, ...) are not here: they
 * stay inside.
 */
export const ROUTES: readonly [path: string, backend: Backend][] = [
  ["/api/orders", "orders"],
  ["/api/orders/*", "orders"],
  ["/api/products", "inventory"],
  ["/api/products/*", "inventory"],
  ["/api/inventory/invariant", "inventory"],
  ["/api/users", "users"],
  ["/api/users/*", "users"],
  ["/api/payments/invariant", "users"],
  ["/*", "frontend"],
];

/** Methods that may be sent twice. https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2 */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/** Whether a request may be sent again after a connection broke under it. Placing an order may: it carries a request key. */
export const mayRepeat = (method: string, path: string): boolean => IDEMPOTENT.has(method) || isOrderPlacement(method, path);

export const isOrderPlacement = (method: string, path: string): boolean => method === "POST" && (path === "/api/orders" || path === "/api/orders/");

// https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
const HOP_BY_HOP = new Set(["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"]);

/** The headers that go on to the next hop: everything but what belongs to this connection, including what its Connection header names. */
export function endToEnd<T extends string | string[] | undefined>(headers: Record<string, T>): Record<string, T> {
  const connection = headers.connection as string | undefined;
  const named = connection === undefined || connection === "keep-alive" || connection === "close" ? undefined : new Set(connection.toLowerCase().split(/\s*,\s*/));
  const kept: Record<string, T> = {};
  for (const name in headers) {
    if (!HOP_BY_HOP.has(name) && !named?.has(name)) kept[name] = headers[name]!;
  }
  return kept;
}

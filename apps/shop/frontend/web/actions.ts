import type { Call, Exchange } from "./exchange.ts";
import type { TextKey } from "./i18n.ts";
import { order } from "./traffic.ts";

/** A button that shows what the API does. */
export interface Action {
  id: string;
  label: TextKey;
  group: "good" | "bad";
  /** Sent one after the other; the last answer is shown. */
  calls: (newKey: () => string) => Call[];
  /** Said beside the answer. */
  note?: (last: Exchange) => TextKey | undefined;
}

const get = (service: Call["service"], path: string) => (): Call[] => [{ service, method: "GET", path }];
const refused = (body: object) => (): Call[] => [{ ...order(), body }];

export const ACTIONS: readonly Action[] = [
  { id: "create-order", label: "createOrder", group: "good", calls: (newKey) => [order(newKey())] },
  {
    id: "same-key",
    label: "sameKey",
    group: "good",
    calls: (newKey) => {
      const key = newKey();
      return [order(key), order(key)];
    },
    note: ({ answer }) => (answer?.headers.has("idempotent-replayed") ? "replayed" : undefined),
  },
  { id: "list-orders", label: "listOrders", group: "good", calls: get("order-service", "/api/orders?limit=5") },
  { id: "list-products", label: "listProducts", group: "good", calls: get("inventory-service", "/api/products") },
  { id: "list-users", label: "listUsers", group: "good", calls: get("user-service", "/api/users?limit=5") },
  { id: "invariant", label: "invariant", group: "good", calls: get("inventory-service", "/api/inventory/invariant") },
  { id: "payments", label: "payments", group: "good", calls: get("user-service", "/api/payments/invariant") },
  { id: "versions", label: "versions", group: "good", calls: get("api-gateway", "/api/version") },
  { id: "unknown-product", label: "unknownProduct", group: "bad", calls: refused({ user_id: 1, product_id: 999_999, quantity: 1 }) },
  { id: "bad-input", label: "badInput", group: "bad", calls: refused({ user_id: 1, product_id: 100, quantity: "many" }) },
  { id: "sold-out", label: "soldOut", group: "bad", calls: refused({ user_id: 1, product_id: 113, quantity: 1 }) },
  { id: "no-credit", label: "noCredit", group: "bad", calls: refused({ user_id: 7, product_id: 100, quantity: 1 }) },
];

/** What to type in a terminal to see something move. */
export const COMMANDS: readonly { label: TextKey; command: string }[] = [
  { label: "rollUpdate", command: "kubectl -n shop set image deployment/order-service order-service=localhost:5002/shop/order-service:v2" },
  { label: "rollUndo", command: "kubectl -n shop rollout undo deployment/order-service" },
  { label: "rollScale", command: "kubectl -n shop scale deployment/order-service --replicas=5" },
  { label: "rollDelete", command: 'kubectl -n shop delete --wait=false "$(kubectl -n shop get pods -l app=user-service -o name | head -n 1)"' },
  { label: "rollBad", command: "kubectl -n shop set image deployment/order-service order-service=localhost:5002/shop/order-service:v0" },
];

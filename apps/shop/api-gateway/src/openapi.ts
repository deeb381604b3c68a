/** The REST API of the whole shop. https://spec.openapis.org/oas/v3.1.1 */
const integer = (description: string, more: object = {}): object => ({ type: "integer", description, ...more });
const text = (description: string, more: object = {}): object => ({ type: "string", description, ...more });
const ref = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
const json = (description: string, schema: object, headers?: object): object => ({ description, ...(headers && { headers }), content: { "application/json": { schema } } });
const object = (properties: Record<string, object>, optional: string[] = []): object => ({
  type: "object",
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
  additionalProperties: false,
});
const list = (of: object): object => ({ type: "array", items: of });
const pathId = (what: string): object => ({ name: "id", in: "path", required: true, description: `The id of ${what}`, schema: { type: "integer", minimum: 1 } });
const query = (name: string, description: string, schema: object): object => ({ name, in: "query", required: false, description, schema });
const limit = (max: number, fallback: number): object => query("limit", "How many at most", { type: "integer", minimum: 1, maximum: max, default: fallback });

const version = text("The version of the service that answered", { examples: ["v1"] });
const retryAfter = { "Retry-After": { description: "Seconds until another try makes sense", schema: { type: "integer" } } };
const errors = {
  400: json("Bad input; `error.field` names what", ref("Error")),
  503: json("The database or a service cannot be reached", ref("Error"), retryAfter),
};
const unknown = { 404: json("There is none with this id", ref("Error")) };

export const openapi = {
  openapi: "3.1.0",
  info: {
    title: "Tidepool shop",
    version: "1.0.0",
    description:
      "A small shop whose orders are money-safe. Every answer carries `x-pod`, `x-service` and `x-service-version` (who answered), `x-gateway-pod`, and `x-request-id`. Amounts are whole cents.",
  },
  paths: {
    "/api/products": {
      get: {
        operationId: "listProducts",
        summary: "All products",
        responses: { 200: json("The products by id", object({ products: list(ref("Product")), version })), 503: errors[503] },
      },
    },
    "/api/products/{id}": {
      get: {
        operationId: "getProduct",
        summary: "One product",
        parameters: [pathId("the product")],
        responses: { 200: json("The product", ref("ProductAnswer")), ...unknown, ...errors },
      },
    },
    "/api/inventory/invariant": {
      get: {
        operationId: "checkStock",
        summary: "Is every piece somewhere?",
        description: "stock_initial = stock_left + reserved + sold for every product, and the counters agree with the reservations.",
        responses: { 200: json("The numbers, from one snapshot", ref("StockInvariant")), 503: errors[503] },
      },
    },
    "/api/users": {
      get: {
        operationId: "listUsers",
        summary: "Users",
        parameters: [limit(200, 50)],
        responses: { 200: json("The users by id", object({ users: list(ref("User")), version })), ...errors },
      },
      post: {
        operationId: "createUser",
        summary: "A new user",
        requestBody: { required: true, content: { "application/json": { schema: ref("NewUser") } } },
        responses: { 201: json("The user", ref("UserAnswer")), 409: json("The email is taken", ref("Error")), ...errors },
      },
    },
    "/api/users/{id}": {
      get: { operationId: "getUser", summary: "One user", parameters: [pathId("the user")], responses: { 200: json("The user", ref("UserAnswer")), ...unknown, ...errors } },
    },
    "/api/payments/invariant": {
      get: {
        operationId: "checkPayments",
        summary: "Is every cent accounted for?",
        description: "What each user has spent is the sum of the user's standing charges.",
        responses: { 200: json("The totals, from one snapshot", ref("PaymentsInvariant")), 503: errors[503] },
      },
    },
    "/api/orders": {
      get: {
        operationId: "listOrders",
        summary: "Orders, newest first",
        parameters: [query("user_id", "Only this user's", { type: "integer", minimum: 1 }), limit(200, 20)],
        responses: { 200: json("The orders", object({ orders: list(ref("Order")), version })), ...errors },
      },
      post: {
        operationId: "createOrder",
        summary: "Place an order",
        description:
          "Reserves the stock, charges the user, and answers once both stand. Send an `Idempotency-Key` and repeat the request with it as often as needed: it is one order, one charge, one sale. Without a key every request is a new order, and an interrupted one is completed or called off, never half done.",
        parameters: [
          { name: "Idempotency-Key", in: "header", required: false, description: "1 to 200 printable characters, chosen by the client", schema: { type: "string", minLength: 1, maxLength: 200 } },
        ],
        requestBody: { required: true, content: { "application/json": { schema: ref("NewOrder") } } },
        responses: {
          201: json("The confirmed order", ref("OrderAnswer"), {
            Location: { description: "Where the order is", schema: { type: "string" } },
            "Idempotent-Replayed": { description: "Present when an earlier request with the same key placed it", schema: { const: "true" } },
          }),
          402: json("The user cannot spend that much more", ref("Error")),
          404: json("Unknown user or product", ref("Error")),
          409: json("Out of stock", ref("Error")),
          422: json("The Idempotency-Key was used for a different order", ref("Error")),
          ...errors,
        },
      },
    },
    "/api/orders/summary": {
      get: {
        operationId: "summarizeOrders",
        summary: "Orders by status and product",
        responses: { 200: json("The sums, from one snapshot", object({ summary: list(ref("OrderSum")) })), 503: errors[503] },
      },
    },
    "/api/orders/{id}": {
      get: { operationId: "getOrder", summary: "One order", parameters: [pathId("the order")], responses: { 200: json("The order", ref("OrderAnswer")), ...unknown, ...errors } },
    },
    "/api/version": {
      get: {
        operationId: "listVersions",
        summary: "The version of one pod of each service",
        responses: { 200: json("One entry per service", object({ services: list(ref("ServiceVersion")) })) },
      },
    },
  },
  components: { schemas: schemas() },
};

function schemas(): Record<string, object> {
  const product = {
    id: integer("The id"),
    name: text("The name in English"),
    name_ko: text("The name in Korean"),
    price_cents: integer("The price of one", { minimum: 1 }),
    stock_left: integer("Free to be ordered", { minimum: 0 }),
    low_stock: { type: "boolean", description: "From v2 on: fewer than ten are left" },
  };
  const user = {
    id: integer("The id"),
    name: text("The name"),
    email: text("The email"),
    credit_limit_cents: integer("What the user may spend in all", { minimum: 0 }),
    spent_cents: integer("The sum of the user's standing charges", { minimum: 0 }),
    created_at: text("When", { format: "date-time" }),
    loyalty_tier: text("From v2 on: by what was spent", { enum: ["driftwood", "coral", "pearl"] }),
  };
  const nullable = (description: string): object => ({ type: ["integer", "null"], description });
  const order = {
    id: integer("The id"),
    user_id: integer("Who ordered"),
    product_id: integer("What"),
    quantity: integer("How many", { minimum: 1 }),
    unit_price_cents: nullable("The price of one when it was ordered; null unless confirmed"),
    total_cents: nullable("What was charged; null unless confirmed"),
    status: text("How far it got", { enum: ["pending", "confirmed", "rejected", "cancelled"] }),
    reason: text("Why it was rejected"),
    created_at: text("When", { format: "date-time" }),
    estimated_delivery: text("From v2 on: when it should arrive", { format: "date" }),
  };
  const amount = (description: string): object => integer(description, { minimum: 0 });
  return {
    Product: object(product, ["low_stock"]),
    ProductAnswer: object({ ...product, version }, ["low_stock"]),
    User: object(user, ["loyalty_tier"]),
    UserAnswer: object({ ...user, version }, ["loyalty_tier"]),
    NewUser: object(
      {
        name: text("The name", { minLength: 1, maxLength: 80 }),
        email: text("The email, unique", { minLength: 3, maxLength: 200 }),
        credit_limit_cents: integer("What the user may spend in all", { minimum: 0, maximum: 1_000_000_000, default: 500_000 }),
      },
      ["credit_limit_cents"],
    ),
    Order: object(order, ["reason", "estimated_delivery"]),
    OrderAnswer: object({ ...order, version }, ["reason", "estimated_delivery"]),
    NewOrder: object({
      user_id: integer("Who orders", { minimum: 1, examples: [1] }),
      product_id: integer("What", { minimum: 1, examples: [100] }),
      quantity: integer("How many", { minimum: 1, maximum: 1000, examples: [1] }),
    }),
    OrderSum: object({ status: text("The status"), product_id: integer("The product"), orders: amount("How many orders"), quantity: amount("How many pieces"), total_cents: amount("What was charged") }),
    StockInvariant: object({
      holds: { type: "boolean", description: "Whether it holds for every product" },
      products: list(
        object({
          product_id: integer("The product"),
          stock_initial: amount("What there was at first"),
          stock_left: amount("Free to be ordered"),
          reserved: amount("Held by orders under way"),
          sold: amount("Sold"),
          reservations_reserved: amount("`reserved`, added up from the reservations"),
          reservations_confirmed: amount("`sold`, added up from the reservations"),
          holds: { type: "boolean" },
        }),
      ),
    }),
    PaymentsInvariant: object({
      holds: { type: "boolean", description: "Whether it holds for every user" },
      spent_cents: amount("What users have spent"),
      charged_cents: amount("The standing charges"),
      charges: amount("How many"),
    }),
    ServiceVersion: object({ service: text("The service"), version, pod: text("The pod that answered"), error: text("Why no pod answered") }, ["version", "pod", "error"]),
    Error: object({
      error: object({ code: text("For programs"), message: text("For people"), field: text("The part of the input that was wrong"), details: { type: "object" } }, ["field", "details"]),
      request_id: text("Quote it to support"),
    }),
  };
}

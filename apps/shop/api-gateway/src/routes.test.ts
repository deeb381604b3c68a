import assert from "node:assert/strict";
import { test } from "node:test";
import { endToEnd, isOrderPlacement, mayRepeat } from "./routes.ts";

test("what belongs to one connection does not go on to the next", () => {
  assert.deepEqual(endToEnd({ host: "shop", connection: "close, X-Mine", "x-mine": "1", "transfer-encoding": "chunked", te: "trailers", "x-other": "2" }), { host: "shop", "x-other": "2" });
  assert.deepEqual(endToEnd({ connection: "keep-alive", "keep-alive": "timeout=5", accept: "*/*" }), { accept: "*/*" });
});

test("only what is safe to send twice is sent twice", () => {
  assert.ok(mayRepeat("GET", "/api/users") && mayRepeat("POST", "/api/orders"));
  assert.ok(!mayRepeat("POST", "/api/users") && !mayRepeat("PATCH", "/api/orders"));
  assert.ok(!isOrderPlacement("POST", "/api/orders/1"));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTraceparent, newTrace, parseTraceparent, traceFromHeaders } from "./trace.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

test("a traceparent is read as W3C Trace Context says", () => {
  assert.deepEqual(parseTraceparent(`00-${TRACE}-${SPAN}-01`), { traceId: TRACE, spanId: SPAN, sampled: true });
  assert.equal(parseTraceparent(`00-${TRACE}-${SPAN}-00`)?.sampled, false);
  assert.equal(parseTraceparent(`cc-${TRACE}-${SPAN}-01-later`)?.traceId, TRACE);
  for (const bad of [undefined, "", "garbage", `ff-${TRACE}-${SPAN}-01`, `00-${"0".repeat(32)}-${SPAN}-01`, `00-${TRACE}-${"0".repeat(16)}-01`, `00-${TRACE}-${SPAN}-01-later`, `00-${TRACE.toUpperCase()}-${SPAN}-01`]) {
    assert.equal(parseTraceparent(bad), undefined, String(bad));
  }
});

test("a request joins its caller's trace with a span of its own", () => {
  const context = traceFromHeaders({ traceparent: `00-${TRACE}-${SPAN}-01`, "x-request-id": "abc-1" });
  assert.deepEqual([context.traceId, context.parentSpanId, context.requestId], [TRACE, SPAN, "abc-1"]);
  assert.match(context.spanId, /^[0-9a-f]{16}$/);
  assert.notEqual(context.spanId, SPAN);
  assert.equal(formatTraceparent(context), `00-${TRACE}-${context.spanId}-01`);
});

test("without a caller's trace a new one begins, and a request id that could forge log lines is replaced", () => {
  const context = traceFromHeaders({ "x-request-id": "bad id\n" });
  assert.match(context.traceId, /^[0-9a-f]{32}$/);
  assert.equal(context.parentSpanId, undefined);
  assert.match(context.requestId, /^[0-9a-f-]{36}$/);
  assert.notEqual(newTrace().traceId, newTrace().traceId);
});

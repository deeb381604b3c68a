import assert from "node:assert/strict";
import { test } from "node:test";
import { type Call, observationsOf } from "./exchange.ts";

const call: Call = { service: "order-service", method: "GET", path: "/api/orders" };
const answer = (status: number, headers: Record<string, string>) => ({ call, ms: 5, answer: { status, text: "", headers: new Headers({ "x-gateway-pod": "g-1", "x-gateway-version": "v1", ...headers }) } });

test("an answer speaks for the gateway and for the service", () => {
  assert.deepEqual(observationsOf(answer(200, { "x-service": "order-service", "x-pod": "o-1", "x-service-version": "v2" }), 9), [
    { at: 9, service: "api-gateway", ms: 5, error: false, pod: "g-1", version: "v1" },
    { at: 9, service: "order-service", ms: 5, error: false, pod: "o-1", version: "v2" },
  ]);
});

test("a refusal is a good answer, a 503 of a service is its error and not the gateway's", () => {
  const service = { "x-service": "order-service", "x-pod": "o-1", "x-service-version": "v1" };
  assert.deepEqual(observationsOf(answer(409, service), 0).map(({ error }) => error), [false, false]);
  assert.deepEqual(observationsOf(answer(503, service), 0).map(({ error }) => error), [false, true]);
});

test("when the gateway has to answer itself, nobody of the service did", () => {
  const [gateway, service] = observationsOf(answer(503, { "x-service": "api-gateway", "x-pod": "g-1", "x-service-version": "v1" }), 0);
  assert.deepEqual([gateway!.pod, gateway!.error, service!.pod, service!.error], ["g-1", false, undefined, true]);
});

test("no answer at all is an error of both", () => {
  assert.deepEqual(observationsOf({ call, ms: 5, failure: "network" }, 0).map(({ service, pod, error }) => [service, pod, error]), [["api-gateway", undefined, true], ["order-service", undefined, true]]);
});

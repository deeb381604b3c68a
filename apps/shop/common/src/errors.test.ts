import assert from "node:assert/strict";
import { test } from "node:test";
import { breaksConnection, isConflict } from "./database-errors.ts";
import { badInput, errorBody, toApiError } from "./errors.ts";

const withCode = (code: string, message = "x"): Error => Object.assign(new Error(message), { code });

test("a database out of reach is a 503 with Retry-After, whatever way it shows", () => {
  const ways = [
    withCode("ECONNREFUSED"),
    withCode("ENOTFOUND"),
    withCode("57P01"),
    withCode("57P03"),
    withCode("57014"),
    withCode("53300"),
    withCode("08006"),
    withCode("28P01"),
    new Error("Connection terminated unexpectedly"),
    new Error("timeout exceeded when trying to connect"),
    new Error("Query read timeout"),
    new AggregateError([withCode("ECONNREFUSED")]),
  ];
  for (const way of ways) {
    const error = toApiError(way);
    assert.deepEqual([error.status, error.code, error.retryAfterS], [503, "database_unavailable", 1], way.message);
  }
});

test("a mistake of ours is a 500 that tells nothing", () => {
  for (const mistake of [withCode("42P01", "relation secret does not exist"), new TypeError("secret"), "secret"]) {
    const error = toApiError(mistake);
    assert.equal(error.status, 500);
    assert.doesNotMatch(JSON.stringify(errorBody(error, "r")), /secret/);
  }
});

test("an error body names the field and the request", () => {
  assert.deepEqual(errorBody(badInput("quantity", "too many"), "r-1"), { error: { code: "bad_input", message: "too many", field: "quantity" }, request_id: "r-1" });
});

test("a cancelled statement leaves its connection usable, a lost or frozen one does not", () => {
  assert.deepEqual(["57014", "40P01", "55P03"].map((code) => breaksConnection(withCode(code))), [false, false, false]);
  assert.deepEqual([withCode("57P01"), withCode("ECONNRESET"), new Error("Query read timeout")].map(breaksConnection), [true, true, true]);
});

test("deadlocks and serialization failures may be run again", () => {
  assert.ok(isConflict(withCode("40P01")) && isConflict(withCode("40001")) && !isConflict(withCode("23505")));
});

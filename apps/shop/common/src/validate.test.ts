import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "./errors.ts";
import { integerField, integerText, objectBody, onlyFields, orderKey, textField } from "./validate.ts";

const range = { min: 1, max: 10 };
const refusals: [name: string, act: () => unknown, field: string, message: string][] = [
  ["a list is no body", () => objectBody([]), "body", "the body must be a JSON object"],
  ["nothing is no body", () => objectBody(undefined), "body", "the body must be a JSON object"],
  ["an unknown field", () => onlyFields({ quantty: 1 }, ["quantity"]), "quantty", "quantty is not a field of this request (it has quantity)"],
  ["a missing number", () => integerField({}, "quantity", range), "quantity", "quantity is required"],
  ["a number in quotes", () => integerField({ quantity: "1" }, "quantity", range), "quantity", "quantity must be a whole number"],
  ["a fraction", () => integerField({ quantity: 1.5 }, "quantity", range), "quantity", "quantity must be a whole number"],
  ["too small", () => integerField({ quantity: 0 }, "quantity", range), "quantity", "quantity must be from 1 to 10"],
  ["too large", () => integerField({ quantity: 11 }, "quantity", range), "quantity", "quantity must be from 1 to 10"],
  ["no text", () => textField({ name: 5 }, "name", range), "name", "name must be a text"],
  ["only spaces", () => textField({ name: "  " }, "name", range), "name", "name must have 1 to 10 characters"],
  ["no number in a path", () => integerText("x", "id", range), "id", "id must be a whole number"],
  ["an exponent in a path", () => integerText("1e1", "id", range), "id", "id must be a whole number"],
  ["no order key", () => orderKey("nope"), "order_key", "order_key must be a lower-case UUID"],
];
for (const [name, act, field, message] of refusals) {
  test(`refused: ${name}`, () => assert.throws(act, (error) => error instanceof ApiError && error.status === 400 && error.field === field && error.message === message));
}

test("what is right passes", () => {
  assert.equal(integerField({ quantity: 10 }, "quantity", range), 10);
  assert.equal(textField({ name: " Mina " }, "name", range), "Mina");
  assert.equal(integerText(undefined, "limit", range, 5), 5);
  assert.equal(integerText("7", "limit", range, 5), 7);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyText, lines } from "./http.ts";

async function* chunks(...parts: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  for (const part of parts) yield part;
}

async function collect(stream: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const item of stream) all.push(item);
  return all;
}

test("lines are found across chunks, characters across bytes", async () => {
  const bytes = new TextEncoder().encode("가\nb");
  const collected = await collect(lines(chunks("one\ntw", "o\n\nthree\n", bytes.slice(0, 2), bytes.slice(2))));
  assert.deepEqual(collected, ["one", "two", "three", "가", "b"]);
  assert.deepEqual(await collect(lines("a\nb")), ["a", "b"]);
  assert.deepEqual(await collect(lines(new TextEncoder().encode("a\n\nb\n"))), ["a", "b"]);
});

test("a body is text whatever its form", async () => {
  const bytes = new TextEncoder().encode("한글");
  assert.equal(await bodyText("한글"), "한글");
  assert.equal(await bodyText(bytes), "한글");
  assert.equal(await bodyText(chunks(bytes.slice(0, 1), bytes.slice(1), "!")), "한글!");
});

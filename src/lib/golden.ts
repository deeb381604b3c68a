/**
 * Tests of pure functions as pairs of files: every document of `X.input.yaml` is one case, and the
 * document of `X.output.yaml` with the same `case` says what must come out. Both are written by hand.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";

/** Runs every pair of `directory` through `run`; `run` gives back what the output file calls `plan`. */
export function goldenTests<Input>(directory: string, run: (input: Input) => unknown): void {
  const inputs = readdirSync(directory).filter((name) => name.endsWith(".input.yaml"));
  assert.ok(inputs.length > 0, `${directory} has no cases`);
  for (const file of inputs) {
    const cases = read<Input & { case: string }>(join(directory, file));
    const expected = read<{ case: string; plan: unknown }>(join(directory, file.replace(".input.", ".output.")));
    test(`${file}: input and output speak of the same cases`, () => {
      assert.deepEqual(expected.map((output) => output.case), cases.map((input) => input.case));
    });
    for (const [i, input] of cases.entries()) {
      test(`${file}: ${input.case}`, () => {
        // As on the wire: what is undefined isn't there.
        assert.deepEqual(JSON.parse(JSON.stringify(run(input) ?? null)), expected[i]?.plan ?? null);
      });
    }
  }
}

function read<T>(path: string): T[] {
  return parseAllDocuments(readFileSync(path, "utf8")).map((document) => {
    assert.deepEqual(document.errors, [], path);
    return document.toJS() as T;
  });
}

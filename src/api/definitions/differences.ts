/** What changed between two values, for messages: one line per field that is gone (`-`) or new (`+`). */
import { isDeepStrictEqual } from "node:util";

export function differences(before: unknown, after: unknown, path: string): string {
  return lines(before, after, path).join("\n");
}

function lines(before: unknown, after: unknown, path: string): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return before.flatMap((item, i) => lines(item, after[i], `${path}[${i}]`));
  }
  if (isRecord(before) && isRecord(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return names.flatMap((name) => lines(before[name], after[name], `${path}.${name}`));
  }
  const gone = before === undefined ? [] : [`- ${path}: ${JSON.stringify(before)}`];
  const added = after === undefined ? [] : [`+ ${path}: ${JSON.stringify(after)}`];
  return [...gone, ...added];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

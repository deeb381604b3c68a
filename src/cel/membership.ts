import { numberOf } from "./equality.ts";
import type { Evaluate } from "./frame.ts";
import { CelError, type CelList, type Result } from "./values.ts";

/** `x in [1, 2]` with literal elements is one look-up, which cel-go doesn't charge for. Undefined for elements it can't look up. */
export function constantMembership(element: Evaluate, list: CelList): Evaluate | undefined {
  if (list.size === 0) return () => false;
  const members = new Set<string>();
  for (const member of list) {
    const name = primitiveName(member);
    if (name === undefined) return undefined;
    members.add(name);
  }
  return (frame) => {
    const value = element(frame);
    return value instanceof CelError ? value : members.has(primitiveName(value) ?? "");
  };
}

/** The same for equal numbers of any type, and for nothing else. */
function primitiveName(value: Result): string | undefined {
  if (value === null || value instanceof CelError) return undefined;
  if (typeof value !== "object" && typeof value !== "bigint") return `${typeof value} ${value}`;
  const number = numberOf(value);
  return number === undefined ? undefined : `number ${typeof number === "number" && Number.isInteger(number) ? BigInt(number) : number}`;
}

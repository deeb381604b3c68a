/** Conditions as upstream keeps them: a repeated one (same status and reason) stays untouched. */
import { toTime } from "#lib/clock.ts";

interface Condition {
  type: string;
  status: string;
  reason?: string | undefined;
  message?: string | undefined;
  lastTransitionTime?: string | undefined;
}

export function findCondition<C extends Condition>(conditions: C[] | undefined, type: string): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/**
 * The conditions with `condition` in its place. With the same status and reason as before nothing
 * changes; with the same status, the time of the last transition stays.
 */
export function setCondition<C extends Condition>(conditions: C[] | undefined, condition: C, nowMs: number): C[] {
  const before = conditions ?? [];
  const old = findCondition(before, condition.type);
  if (old && old.status === condition.status && old.reason === condition.reason) return before;
  const lastTransitionTime = old?.status === condition.status ? old.lastTransitionTime : toTime(nowMs);
  return [...removeCondition(before, condition.type), { ...condition, lastTransitionTime }];
}

export function removeCondition<C extends Condition>(conditions: C[] | undefined, type: string): C[] {
  return (conditions ?? []).filter((condition) => condition.type !== type);
}

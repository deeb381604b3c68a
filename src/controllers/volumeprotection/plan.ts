import type { KubeObject } from "#api/types.ts";

/** The finalizers an object shall have: the guard as long as it is alive, and afterwards as long as it is in use. */
export function guardedFinalizers({ metadata: { finalizers = [], deletionTimestamp } }: KubeObject, guard: string, inUse: boolean): string[] {
  if (deletionTimestamp) return inUse ? finalizers : finalizers.filter((name) => name !== guard);
  return finalizers.includes(guard) ? finalizers : [...finalizers, guard];
}

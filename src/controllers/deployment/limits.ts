/** How far a rolling update may stray from the desired number of pods. */
import type { Deployment } from "#api/types.ts";
import { scaledValue } from "../common/percentages.ts";

function isRolling(deployment: Deployment): boolean {
  return deployment.spec.strategy?.type !== "Recreate";
}

/** How many pods there may be above the desired number; percentages round up. */
export function maxSurge(deployment: Deployment): number {
  if (!isRolling(deployment)) return 0;
  return scaledValue(deployment.spec.strategy?.rollingUpdate?.maxSurge ?? "25%", deployment.spec.replicas ?? 1, Math.ceil);
}

/** How many of the desired pods may be missing; percentages round down, but a rollout can always move. */
export function maxUnavailable(deployment: Deployment): number {
  const replicas = deployment.spec.replicas ?? 1;
  if (!isRolling(deployment) || replicas === 0) return 0;
  const value = scaledValue(deployment.spec.strategy?.rollingUpdate?.maxUnavailable ?? "25%", replicas, Math.floor);
  if (value === 0 && maxSurge(deployment) === 0) return 1;
  return Math.min(value, replicas);
}

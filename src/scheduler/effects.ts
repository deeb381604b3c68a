/** What the scheduler writes to pods. */
import { toTime, type Clock } from "#lib/clock.ts";
import { isNotFound } from "#api/errors.ts";
import { pods } from "#api/resources.ts";
import type { Pod } from "#api/types.ts";
import type { Client } from "#client/client.ts";

/** Merges into the pod's status, conditions by type; null removes. False when it is gone; throws a conflict when the name is another pod's now. */
export async function patchPodStatus(client: Client, { metadata: { name, namespace, uid } }: Pod, status: object): Promise<boolean> {
  return unlessGone(() => client.patch(pods, { name: name!, namespace, subresource: "status" }, "strategic", { metadata: { uid }, status }));
}

/** Deletes the pod in favour of `preemptor`, with its grace period, and says so in its status. False when it is gone already. */
export async function evictVictim(client: Client, clock: Clock, victim: Pod, preemptor: Pod): Promise<boolean> {
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "PreemptionByScheduler",
    message: `${preemptor.spec.schedulerName}: preempting to accommodate a higher priority pod`,
    lastTransitionTime: toTime(clock.now()),
  };
  if (!(await patchPodStatus(client, victim, { conditions: [condition] }))) return false;
  const { name, namespace, uid } = victim.metadata;
  return unlessGone(() => client.delete(pods, name!, namespace, { preconditions: { uid: uid! } }));
}

async function unlessGone(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

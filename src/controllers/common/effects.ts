/** Writes that more than one controller makes. */
import { isConflict, isNotFound, StatusError } from "#api/errors.ts";
import type { Resource } from "#api/resources.ts";
import type { DeleteOptions, KubeObject } from "#api/types.ts";
import type { Assumed } from "#client/assumed.ts";
import type { Client } from "#client/client.ts";

/** Deletes exactly this object, not a later one of the same name; false when it is gone already. */
export async function deleteExactly<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  object: T,
  options: DeleteOptions = {},
  assumed?: Assumed<T>,
): Promise<boolean> {
  const { name, namespace, uid } = object.metadata;
  try {
    const answer = await client.delete(resource, name!, namespace, { ...options, preconditions: { uid: uid! } });
    if (answer.kind !== "Status" && (answer as T).metadata.deletionTimestamp) assumed?.wrote(answer as T);
    else assumed?.removed(object);
    return true;
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
    assumed?.removed(object);
    return false;
  }
}

/**
 * Runs `attempt` up to `count` times in batches of 1, 2, 4, ...; after a batch with a failure no more
 * start, so that a refusal (quota, a full namespace) costs one request, not hundreds. Throws the first failure.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/replicaset/replica_set.go slowStartBatch
 */
export async function slowStart(count: number, attempt: (index: number) => Promise<void>): Promise<void> {
  let done = 0;
  for (let size = Math.min(1, count); size > 0; size = Math.min(2 * size, count - done)) {
    const results = await Promise.allSettled(Array.from({ length: size }, (_, i) => attempt(done + i)));
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
    done += size;
  }
}

/** Whether a create was refused because its namespace is being deleted: nothing to retry or to complain of. */
export function isNamespaceTerminating(error: unknown): boolean {
  return error instanceof StatusError && (error.status.details?.causes ?? []).some((cause) => cause.reason === "NamespaceTerminating");
}

/** The writes that a workload's history needs; the decisions are in history.ts. */
import { isAlreadyExists } from "#api/errors.ts";
import { controllerOf, controllerRevisions } from "#api/resources.ts";
import type { ControllerRevision } from "#api/types.ts";
import type { Assumed } from "#client/assumed.ts";
import type { Client } from "#client/client.ts";
import { isNamespaceTerminating } from "./effects.ts";
import { sameOnTheWire } from "./equality.ts";
import type { Historied, History } from "./history.ts";

/**
 * Writes the revision that the template wants. False when another one has its name: `raiseCollisions` has
 * stored that the hash must differ, and the round starts over.
 */
export async function writeRevision(
  client: Client,
  owner: Historied,
  { create, renumber, update }: History,
  assumed: Assumed<ControllerRevision>,
  raiseCollisions: (collisionCount: number) => Promise<void>,
): Promise<boolean> {
  if (renumber) assumed.wrote(await client.update(controllerRevisions, update));
  if (!create) return true;
  try {
    assumed.wrote(await client.create(controllerRevisions, update));
    return true;
  } catch (error) {
    if (isNamespaceTerminating(error)) return true;
    if (!isAlreadyExists(error)) throw error;
    const existing = await client.get(controllerRevisions, update.metadata.name!, update.metadata.namespace);
    if (controllerOf(existing)?.uid === owner.metadata.uid && sameOnTheWire(existing.data, update.data)) assumed.wrote(existing);
    else await raiseCollisions((owner.status?.collisionCount ?? 0) + 1);
    return false;
  }
}

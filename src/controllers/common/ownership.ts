/**
 * Which objects a controller's selector makes its own.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/controller_ref_manager.go
 */
import { fromLabelSelector, matches, type LabelSelectorLike } from "#lib/selectors.ts";
import { isConflict, isNotFound } from "#api/errors.ts";
import { controllerOf, controllerReference, type Resource } from "#api/resources.ts";
import type { KubeObject } from "#api/types.ts";
import type { Assumed } from "#client/assumed.ts";
import type { Client } from "#client/client.ts";

export interface Claims<T> {
  /** Owned already and still selected. */
  owned: T[];
  /** Selected and without a controller: to be adopted. */
  adopt: T[];
  /** Owned but no longer selected: to be let go. */
  release: T[];
}

/** Sorts objects by what `owner` should do about them; a dying owner neither adopts nor releases. */
export function claim<T extends KubeObject>(owner: KubeObject, selector: LabelSelectorLike | undefined, objects: T[]): Claims<T> {
  const requirements = fromLabelSelector(selector);
  const dying = owner.metadata.deletionTimestamp !== undefined;
  const claims: Claims<T> = { owned: [], adopt: [], release: [] };
  for (const object of objects) {
    const selected = matches(requirements, object.metadata.labels);
    const controller = controllerOf(object);
    if (controller) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (selected) claims.owned.push(object);
      else if (!dying) claims.release.push(object);
    } else if (selected && !dying && !object.metadata.deletionTimestamp) claims.adopt.push(object);
  }
  return claims;
}

/** Carries out adoptions and releases. An object that vanished or changed meanwhile is left for the next round. */
export async function settleClaims<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  ownerResource: Resource,
  owner: KubeObject,
  { adopt, release }: Pick<Claims<T>, "adopt" | "release">,
  assumed: Assumed<T>,
): Promise<void> {
  if (adopt.length > 0) {
    // The local copy may be old: a new object of the same name must not adopt on behalf of a dead one.
    const fresh = await client.get(ownerResource, owner.metadata.name!, owner.metadata.namespace);
    if (fresh.metadata.uid !== owner.metadata.uid || fresh.metadata.deletionTimestamp) {
      throw new Error(`${owner.kind} ${owner.metadata.name} is gone or being deleted: it can't adopt`);
    }
  }
  for (const object of adopt) {
    await setOwners(client, resource, object, [...(object.metadata.ownerReferences ?? []), controllerReference(owner)], assumed);
  }
  for (const object of release) {
    const others = object.metadata.ownerReferences!.filter((reference) => reference.uid !== owner.metadata.uid);
    await setOwners(client, resource, object, others, assumed);
  }
}

async function setOwners<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  object: T,
  ownerReferences: KubeObject["metadata"]["ownerReferences"],
  assumed: Assumed<T>,
): Promise<void> {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  try {
    assumed.wrote(await client.patch(resource, { name: name!, namespace }, "merge", { metadata: { uid, resourceVersion, ownerReferences } }));
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

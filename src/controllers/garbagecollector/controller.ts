/** Deletes objects whose owners are gone; the decisions are in plan.ts. Keys of the queue are uids. */
import { isConflict, isNotFound, StatusError } from "#api/errors.ts";
import type { Resource } from "#api/resources.ts";
import type { KubeObject, OwnerReference } from "#api/types.ts";
import { startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { deleteExactly } from "../common/effects.ts";
import type { WatchedKinds } from "../common/watched-kinds.ts";
import { FOREGROUND, planGarbage, type OwnerState } from "./plan.ts";

const UID = "uid";
const OWNERS = "owners";

/** Of owners that went while they had dependents, so many are remembered for certain. */
const REMEMBERED = 10_000;

/** `kinds`: any kind can own any other. */
export function startGarbageCollector(context: ControllerContext, kinds: WatchedKinds): Controller {
  const name = "garbage-collector-controller";
  const { client, events } = component(context, name);
  /** Nothing is decided while local copies aren't complete: dependents would be missed. */
  const held = new Set<string>();
  /** Objects with an owner of a kind that isn't served: it may be again. */
  const unresolved = new Set<string>();
  /** Owners whose end was seen. Their kind may go with them, and then nobody can be asked. */
  const gone = new Set<string>();

  function wake(uid: string): void {
    if (kinds.synced) controller.enqueue(uid);
    else held.add(uid);
  }

  function dependentsOf(uid: string): KubeObject[] {
    return kinds.all().flatMap(({ informer }) => informer.byIndex(OWNERS, uid));
  }

  function remember(uid: string): void {
    gone.add(uid);
    if (gone.size > REMEMBERED) for (const oldest of [...gone].slice(0, REMEMBERED / 10)) gone.delete(oldest);
  }

  async function reconcile(uid: string): Promise<void> {
    if (!kinds.synced) return void held.add(uid);
    const dependents = dependentsOf(uid);
    const home = kinds.all().find(({ informer }) => informer.byIndex(UID, uid).length > 0);
    if (!home) {
      // Gone: whoever it owned decides for itself.
      for (const dependent of dependents) controller.enqueue(dependent.metadata.uid!);
      return;
    }
    const object = home.informer.byIndex(UID, uid)[0]!;
    const owners = (object.metadata.ownerReferences ?? []).map((reference) => ({ reference, state: localState(object, reference) }));
    if (planGarbage({ object, owners, dependents }).action !== "keep") await act(home.resource, object, dependents);
  }

  /** The local copies call for action: plans again from what the server says, and does it. */
  async function act(resource: Resource, known: KubeObject, dependents: KubeObject[]): Promise<void> {
    const object = await client.find(resource, known.metadata.name!, known.metadata.namespace);
    if (!object || object.metadata.uid !== known.metadata.uid) return;
    const checked = await Promise.all(
      (object.metadata.ownerReferences ?? []).map(async (reference) => ({ reference, state: await liveState(object, reference) })),
    );
    const plan = planGarbage({ object, owners: checked, dependents });
    switch (plan.action) {
      case "keep":
        break;
      case "delete":
        await deleteExactly(client, resource, object, { propagationPolicy: plan.propagationPolicy });
        break;
      case "dropOwners":
        await dropOwners(resource, object, plan.uids);
        break;
      case "waitFor":
        for (const dependent of plan.dependents) controller.enqueue(dependent.metadata.uid!);
        break;
      case "orphan":
        for (const dependent of plan.dependents) await dropOwners(kinds.resourceOf(dependent)!, dependent, [object.metadata.uid!]);
        break;
      case "release": {
        const finalizers = object.metadata.finalizers!.filter((finalizer) => finalizer !== plan.finalizer);
        await patchMetadata(resource, object, { finalizers });
        break;
      }
    }
  }

  /** What the local copies say of an owner; "absent" here is only a suspicion. */
  function localState(dependent: KubeObject, reference: OwnerReference): OwnerState {
    if (gone.has(reference.uid)) return "absent";
    const resource = kinds.resourceOf(reference);
    if (!resource) {
      unresolved.add(dependent.metadata.uid!);
      return "unknown";
    }
    const owner = kinds.watchedAs(resource)?.informer.get(ownerKey(resource, dependent, reference));
    return owner?.metadata.uid === reference.uid ? stateOf(owner) : "absent";
  }

  /** What the server says of an owner: one of the same name but another uid is not the owner. */
  async function liveState(dependent: KubeObject, reference: OwnerReference): Promise<OwnerState> {
    if (gone.has(reference.uid)) return "absent";
    const resource = kinds.resourceOf(reference);
    if (!resource) return "unknown";
    if (resource.namespaced && !dependent.metadata.namespace) {
      // A cluster-scoped object can't be owned by one in a namespace: the reference means nothing, so nothing follows.
      events.event(dependent, "Warning", "OwnerRefInvalidNamespace", `ownerRef [${describe(reference)}] does not exist in namespace "${dependent.metadata.namespace ?? ""}"`);
      return "unknown";
    }
    try {
      const owner = await client.get(resource, reference.name, resource.namespaced ? dependent.metadata.namespace : undefined);
      return owner.metadata.uid === reference.uid ? stateOf(owner) : "absent";
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // It's the object that isn't there, not its kind.
      if (error instanceof StatusError && error.status.details?.name === reference.name) return "absent";
      unresolved.add(dependent.metadata.uid!);
      return "unknown";
    }
  }

  async function dropOwners(resource: Resource, object: KubeObject, uids: string[]): Promise<void> {
    const left = (object.metadata.ownerReferences ?? []).filter(({ uid }) => !uids.includes(uid));
    await patchMetadata(resource, object, { ownerReferences: left.length > 0 ? left : null });
  }

  async function patchMetadata(resource: Resource, object: KubeObject, change: { finalizers?: string[]; ownerReferences?: OwnerReference[] | null }): Promise<void> {
    const { name: objectName, namespace, uid, resourceVersion } = object.metadata;
    try {
      await client.patch(resource, { name: objectName!, namespace }, "merge", { metadata: { uid, resourceVersion, ...change } });
    } catch (error) {
      if (isNotFound(error)) return;
      // Another one by now, or changed: look again.
      if (isConflict(error)) controller.enqueue(object.metadata.uid!, 10);
      else throw error;
    }
  }

  const controller = startController({ name, clock: context.clock, log: context.log, sources: [], reconcile });
  kinds.follow({
    added({ informer }) {
      informer.index(UID, (object) => [object.metadata.uid!]);
      informer.index(OWNERS, ownersOf);
      return informer.subscribe({
        // An object wakes itself, and its owners: they may be waiting for it.
        set: (object, old) => new Set([object.metadata.uid!, ...ownersOf(object), ...(old ? ownersOf(old) : [])]).forEach(wake),
        delete(object) {
          const uid = object.metadata.uid!;
          if (dependentsOf(uid).length > 0) remember(uid);
          [uid, ...ownersOf(object)].forEach(wake);
        },
      });
    },
    synced() {
      for (const uid of [...held, ...unresolved]) controller.enqueue(uid);
      held.clear();
      unresolved.clear();
    },
  });
  return controller;
}

function ownersOf({ metadata }: KubeObject): string[] {
  return (metadata.ownerReferences ?? []).map(({ uid }) => uid);
}

function ownerKey(resource: Resource, dependent: KubeObject, { name }: OwnerReference): string {
  return resource.namespaced ? `${dependent.metadata.namespace}/${name}` : name;
}

function stateOf({ metadata }: KubeObject): OwnerState {
  return metadata.deletionTimestamp && metadata.finalizers?.includes(FOREGROUND) ? "waiting" : "solid";
}

function describe({ apiVersion, kind, name, uid }: OwnerReference): string {
  return `${apiVersion}/${kind}, namespace: , name: ${name}, uid: ${uid}`;
}

/** Deletes objects whose owners are gone; the decisions are in plan.ts. Keys of the queue are uids. */
import { isConflict, isNotFound } from "#api/errors.ts";
import { apiVersionOf, type Resource } from "#api/resources.ts";
import type { KubeObject, OwnerReference } from "#api/types.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { deleteExactly } from "../common/effects.ts";
import { FOREGROUND, planGarbage, type OwnerState } from "./plan.ts";

const UID = "uid";
const OWNERS = "owners";

/** Whatever is born and dies in masses and owns nothing. */
const IGNORED = new Set(["events"]);

/** `resources`: everything that is served, so that any kind can own any other. */
export function startGarbageCollector(context: ControllerContext, resources: readonly Resource[]): Controller {
  const name = "garbage-collector-controller";
  const { client, events } = component(context, name);
  const watched = resources
    .filter(({ plural }) => !IGNORED.has(plural))
    .map((resource) => ({ resource, informer: context.informers.for(resource) }));
  for (const { informer } of watched) {
    informer.index(UID, (object) => [object.metadata.uid!]);
    informer.index(OWNERS, (object) => (object.metadata.ownerReferences ?? []).map(({ uid }) => uid));
  }

  async function reconcile(uid: string): Promise<void> {
    const dependents = watched.flatMap(({ informer }) => informer.byIndex(OWNERS, uid));
    const home = watched.find(({ informer }) => informer.byIndex(UID, uid).length > 0);
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
        for (const dependent of plan.dependents) await dropOwners(resourceOf(dependent)!, dependent, [object.metadata.uid!]);
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
    const resource = resourceOf(reference);
    if (!resource) return "unknown";
    const { informer } = watched.find((other) => other.resource === resource)!;
    const owner = informer.get(ownerKey(resource, dependent, reference));
    return owner?.metadata.uid === reference.uid ? stateOf(owner) : "absent";
  }

  /** What the server says of an owner: one of the same name but another uid is not the owner. */
  async function liveState(dependent: KubeObject, reference: OwnerReference): Promise<OwnerState> {
    const resource = resourceOf(reference);
    if (!resource) return "unknown";
    if (resource.namespaced && !dependent.metadata.namespace) {
      // A cluster-scoped object can't be owned by one in a namespace: the reference means nothing, so nothing follows.
      events.event(dependent, "Warning", "OwnerRefInvalidNamespace", `ownerRef [${describe(reference)}] does not exist in namespace "${dependent.metadata.namespace ?? ""}"`);
      return "unknown";
    }
    const owner = await client.find(resource, reference.name, resource.namespaced ? dependent.metadata.namespace : undefined);
    return owner?.metadata.uid === reference.uid ? stateOf(owner) : "absent";
  }

  function resourceOf(reference: Pick<OwnerReference, "apiVersion" | "kind">): Resource | undefined {
    return watched.find(({ resource }) => apiVersionOf(resource) === reference.apiVersion && resource.kind === reference.kind)?.resource;
  }

  async function dropOwners(resource: Resource, object: KubeObject, uids: string[]): Promise<void> {
    await patchMetadata(resource, object, { ownerReferences: (object.metadata.ownerReferences ?? []).filter(({ uid }) => !uids.includes(uid)) });
  }

  async function patchMetadata(resource: Resource, object: KubeObject, change: Partial<KubeObject["metadata"]>): Promise<void> {
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

  const controller = startController({
    name,
    clock: context.clock,
    log: context.log,
    // An object wakes itself, and its owners: they may be waiting for it.
    sources: watched.map(({ informer }) => source(informer, ({ metadata }) => [metadata.uid!, ...(metadata.ownerReferences ?? []).map(({ uid }) => uid)])),
    reconcile,
  });
  return controller;
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

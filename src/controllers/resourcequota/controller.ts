/**
 * Counts what is used of each quota: at first, when something goes, and now and then. What is new is
 * charged by admission, in the commit that stores it. So a count of what the server has, written on
 * condition that the quota is as it was before the count, misses nothing. The decisions are in plan.ts.
 */
import { isDeepStrictEqual } from "node:util";
import { isNotFound } from "#api/errors.ts";
import { keyOf, resourceQuotas, type Resource } from "#api/resources.ts";
import type { KubeObject } from "#api/types.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import type { WatchedKinds } from "../common/watched-kinds.ts";
import { givesBack, quotaStatus, trackedBy } from "./plan.ts";

/** As often as upstream counts without a reason. */
const RESYNC_MS = 5 * 60_000;

/** `kinds`: any kind in namespaces can be counted. */
export function startResourceQuotaController(context: ControllerContext, kinds: WatchedKinds): Controller {
  const name = "resourcequota-controller";
  const { client } = component(context, name);
  const quotaInformer = context.informers.for(resourceQuotas);

  async function reconcile(key: string): Promise<number | void> {
    const known = quotaInformer.get(key);
    if (!known || known.metadata.deletionTimestamp) return;
    const { namespace } = known.metadata;
    // Its rights let it list, not get.
    const { items } = await client.list(resourceQuotas, { namespace, fieldSelector: `metadata.name=${known.metadata.name}` });
    const [quota] = items;
    if (!quota) return;
    await kinds.whenDiscovered();
    const countable = kinds.all().map(({ resource }) => resource).filter(({ namespaced }) => namespaced);
    const tracked = trackedBy(quota, countable);
    const contents = await Promise.all(tracked.map(async ({ resource, names }) => ({ resource, names, objects: await contentsOf(resource, namespace!) })));
    const status = quotaStatus(quota, contents, context.clock.now());
    if (!isDeepStrictEqual(status, quota.status ?? {})) await client.updateStatus(resourceQuotas, { ...quota, status });
    return RESYNC_MS;
  }

  async function contentsOf(resource: Resource, namespace: string): Promise<KubeObject[]> {
    try {
      return (await client.list(resource, { namespace })).items;
    } catch (error) {
      // Served no more.
      if (isNotFound(error)) return [];
      throw error;
    }
  }

  function recount(resource: Resource, namespace: string | undefined): void {
    for (const quota of quotaInformer.list()) {
      if (quota.metadata.namespace === namespace && trackedBy(quota, [resource]).length > 0) controller.enqueue(keyOf(quota));
    }
  }

  const controller = startController({ name, clock: context.clock, log: context.log, sources: [source(quotaInformer)], reconcile });
  kinds.follow({
    added({ resource, informer }) {
      if (!resource.namespaced) return () => undefined;
      for (const quota of quotaInformer.list()) if (trackedBy(quota, [resource]).length > 0) controller.enqueue(keyOf(quota));
      return informer.subscribe({
        set: (object, old) => {
          if (old && givesBack(resource, object, old)) recount(resource, object.metadata.namespace);
        },
        delete: (object) => recount(resource, object.metadata.namespace),
      });
    },
  });
  return controller;
}

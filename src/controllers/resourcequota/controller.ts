/**
 * Counts what is used of each quota: at first, when something goes, and now and then. What is new is
 * charged by admission, in the commit that stores it. So a count of what the server has, written on
 * condition that the quota is as it was before the count, misses nothing. The decisions are in plan.ts.
 */
import { isDeepStrictEqual } from "node:util";
import { isNotFound } from "#api/errors.ts";
import { keyOf, resourceQuotas, type Resource } from "#api/resources.ts";
import type { KubeObject, ResourceQuota } from "#api/types.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { countedResource, givesBack, quotaStatus, trackedBy } from "./plan.ts";

/** As often as upstream counts without a reason. */
const RESYNC_MS = 5 * 60_000;

/** `resources`: everything that is served when this starts; kinds that come later are found when a quota names them. */
export function startResourceQuotaController(context: ControllerContext, resources: readonly Resource[]): Controller {
  const name = "resourcequota-controller";
  const { client } = component(context, name);
  const quotaInformer = context.informers.for(resourceQuotas);
  const countable = countableOf(resources);

  async function reconcile(key: string): Promise<number | void> {
    const known = quotaInformer.get(key);
    if (!known || known.metadata.deletionTimestamp) return;
    const { namespace } = known.metadata;
    // Its rights let it list, not get.
    const { items } = await client.list(resourceQuotas, { namespace, fieldSelector: `metadata.name=${known.metadata.name}` });
    const [quota] = items;
    if (!quota) return;
    const tracked = trackedBy(quota, [...countable, ...(await lateKinds(quota))]);
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

  /** The kinds that the quota counts and that weren't served when this started. */
  async function lateKinds({ spec }: ResourceQuota): Promise<Resource[]> {
    const counted = Object.keys(spec.hard ?? {}).flatMap((limited) => countedResource(limited) ?? []);
    const late = counted.filter(({ group, plural }) => group !== "" && !countable.some((resource) => resource.group === group && resource.plural === plural));
    return (await Promise.all(late.map(discover))).flatMap((found) => found ?? []);
  }

  async function discover({ group, plural }: { group: string; plural: string }): Promise<Resource | undefined> {
    try {
      const { preferredVersion } = await client.raw<{ preferredVersion: { groupVersion: string; version: string } }>(`/apis/${group}`);
      const list = await client.raw<{ resources: { name: string; kind: string; namespaced: boolean }[] }>(`/apis/${preferredVersion.groupVersion}`);
      const found = list.resources.find((resource) => resource.name === plural && resource.namespaced);
      return found && { group, version: preferredVersion.version, plural, kind: found.kind, namespaced: true };
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  function recount(resource: Resource, namespace: string | undefined): void {
    for (const quota of quotaInformer.list()) {
      if (quota.metadata.namespace === namespace && trackedBy(quota, [resource]).length > 0) controller.enqueue(keyOf(quota));
    }
  }

  const controller = startController({ name, clock: context.clock, log: context.log, sources: [source(quotaInformer)], reconcile });
  const unsubscribe = countable.map((resource) =>
    context.informers.for(resource).subscribe({
      set: (object, old) => {
        if (old && givesBack(resource, object, old)) recount(resource, object.metadata.namespace);
      },
      delete: (object) => recount(resource, object.metadata.namespace),
    }),
  );
  return {
    ...controller,
    async stop() {
      for (const end of unsubscribe) end();
      await controller.stop();
    },
  };
}

/** What quotas may count, in one version each. */
function countableOf(resources: readonly Resource[]): Resource[] {
  const byName = new Map<string, Resource>();
  for (const resource of resources) {
    const name = `${resource.group}/${resource.plural}`;
    if (resource.namespaced && resource.plural !== "events" && !byName.has(name)) byName.set(name, resource);
  }
  return [...byName.values()];
}

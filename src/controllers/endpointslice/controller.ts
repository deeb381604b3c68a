/**
 * Keeps the EndpointSlices of every Service; the decisions are in plan.ts. Every pod change is acted
 * on at once, without batching: how soon a dying pod leaves its Service decides what a rollout loses.
 */
import { keyOf, endpointSlices, nodes, pods, services } from "#api/resources.ts";
import type { EndpointSlice } from "#api/types.ts";
import { Assumed } from "#client/assumed.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { deleteExactly, isNamespaceTerminating } from "../common/effects.ts";
import { MANAGED_BY, MANAGER, planEndpointSlices, SERVICE_NAME } from "./plan.ts";
import { podsOf, selectsPods, servicesOf } from "../common/services.ts";

export function startEndpointSliceController(context: ControllerContext): Controller {
  const { client } = component(context, "endpointslice-controller");
  const serviceInformer = context.informers.for(services);
  const podInformer = context.informers.for(pods);
  const nodeInformer = context.informers.for(nodes);
  const sliceInformer = context.informers.for(endpointSlices);
  sliceInformer.index("service", (slice) => (isOurs(slice) ? serviceKeys(slice) : []));
  const assumed = new Assumed(sliceInformer);

  async function reconcile(key: string): Promise<void> {
    const service = serviceInformer.get(key);
    const slices = assumed.apply(sliceInformer.byIndex("service", key), (slice) => isOurs(slice) && serviceKeys(slice)[0] === key);
    if (!service || !selectsPods(service)) {
      for (const slice of slices) await deleteExactly(client, endpointSlices, slice, {}, assumed);
      return;
    }
    if (service.metadata.deletionTimestamp) return;
    const plan = planEndpointSlices({ service, pods: podsOf(podInformer, service), nodes: nodeInformer.list(), slices });
    try {
      // Growth first: an endpoint that moves between slices is never in none.
      for (const slice of plan.create) assumed.wrote(await client.create(endpointSlices, slice));
      for (const slice of plan.update) assumed.wrote(await client.update(endpointSlices, slice));
      for (const slice of plan.delete) await deleteExactly(client, endpointSlices, slice, {}, assumed);
    } catch (error) {
      if (!isNamespaceTerminating(error)) throw error;
    }
  }

  return startController({
    name: "endpointslice-controller",
    clock: context.clock,
    log: context.log,
    sources: [
      source(serviceInformer),
      source(podInformer, (pod) => servicesOf(serviceInformer, pod)),
      source(sliceInformer, (slice) => (isOurs(slice) ? serviceKeys(slice) : [])),
      // Endpoints name their node and zone: a node that comes or goes concerns the Services of its pods.
      source(nodeInformer, () => serviceInformer.list().map(keyOf)),
    ],
    reconcile,
  });
}

function isOurs(slice: EndpointSlice): boolean {
  return slice.metadata.labels?.[MANAGED_BY] === MANAGER;
}

function serviceKeys(slice: EndpointSlice): string[] {
  return [`${slice.metadata.namespace}/${slice.metadata.labels?.[SERVICE_NAME]}`];
}

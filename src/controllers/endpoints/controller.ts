/** Keeps the classic Endpoints of every Service with a selector; the decisions are in plan.ts. */
import { endpoints, pods, services } from "#api/resources.ts";
import { Assumed } from "#client/assumed.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { deleteExactly, isNamespaceTerminating } from "../common/effects.ts";
import { podsOf, selectsPods, servicesOf } from "../common/services.ts";
import { sameOnTheWire } from "../common/equality.ts";
import { planEndpoints } from "./plan.ts";

export function startEndpointsController(context: ControllerContext): Controller {
  const { client } = component(context, "endpoint-controller");
  const serviceInformer = context.informers.for(services);
  const podInformer = context.informers.for(pods);
  const endpointsInformer = context.informers.for(endpoints);
  const latest = new Assumed(endpointsInformer);

  async function reconcile(key: string): Promise<void> {
    const service = serviceInformer.get(key);
    const existing = latest.get(key);
    if (!service) {
      // Only what is ours: Endpoints without a Service may be somebody's own (leader election of old, say).
      const ours = existing?.metadata.labels?.["endpoints.kubernetes.io/managed-by"] === "endpoint-controller";
      if (existing && ours) await deleteExactly(client, endpoints, existing, {}, latest);
      return;
    }
    if (service.metadata.deletionTimestamp || !selectsPods(service)) return;
    const wanted = planEndpoints(service, podsOf(podInformer, service), existing);
    try {
      if (!existing) latest.wrote(await client.create(endpoints, wanted));
      else if (!sameOnTheWire(wanted, existing)) latest.wrote(await client.update(endpoints, wanted));
    } catch (error) {
      if (!isNamespaceTerminating(error)) throw error;
    }
  }

  return startController({
    name: "endpoint-controller",
    clock: context.clock,
    log: context.log,
    sources: [source(serviceInformer), source(podInformer, (pod) => servicesOf(serviceInformer, pod)), source(endpointsInformer)],
    reconcile,
  });
}

/** Assigns spec.podCIDR to nodes that have none; one at a time, so that no range is given twice. */
import { nodes } from "#api/resources.ts";
import { Assumed } from "#client/assumed.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { nextPodCidr } from "./plan.ts";

export function startNodeIpamController(context: ControllerContext, clusterCidr: string): Controller {
  const { client, events } = component(context, "node-ipam-controller");
  const informer = context.informers.for(nodes);
  const assumed = new Assumed(informer);

  async function reconcile(name: string): Promise<void> {
    const node = assumed.get(name);
    if (!node || node.spec?.podCIDR) return;
    const all = assumed.apply(informer.list(), () => true);
    const podCIDR = nextPodCidr(
      clusterCidr,
      all.flatMap(({ spec }) => (spec?.podCIDR ? [spec.podCIDR] : [])),
    );
    if (!podCIDR) return events.event(node, "Normal", "CIDRNotAvailable", `Node ${name} status is now: CIDRNotAvailable`);
    const { resourceVersion } = node.metadata;
    assumed.wrote(await client.patch(nodes, { name }, "merge", { metadata: { resourceVersion }, spec: { podCIDR, podCIDRs: [podCIDR] } }));
  }

  return startController({ name: "node-ipam-controller", clock: context.clock, log: context.log, sources: [source(informer)], reconcile, workers: 1 });
}

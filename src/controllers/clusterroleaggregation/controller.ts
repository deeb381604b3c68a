/**
 * Fills ClusterRoles with the rules of others that their `aggregationRule` selects: so a new API adds
 * to `admin`, `edit` and `view` by a labelled ClusterRole of its own.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go
 */
import { clusterRoles } from "#api/resources.ts";
import type { ClusterRole, PolicyRule } from "#api/types.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { fromLabelSelector, matches } from "#lib/selectors.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { canonicalJson, sameOnTheWire } from "../common/equality.ts";

export function startClusterRoleAggregationController(context: ControllerContext): Controller {
  const name = "clusterrole-aggregation-controller";
  const { client } = component(context, name);
  const informer = context.informers.for(clusterRoles);
  const aggregated = (): string[] => informer.list().flatMap(({ aggregationRule, metadata }) => (aggregationRule ? [metadata.name!] : []));

  async function reconcile(key: string): Promise<void> {
    const role = informer.get(key);
    if (!role?.aggregationRule) return;
    const rules = aggregatedRules(role, informer.list());
    if (!sameOnTheWire(rules, role.rules ?? [])) await client.update(clusterRoles, { ...role, rules });
  }

  // Which role adds to which is in no order: any change may concern all of the few that are put together.
  return startController({ name, clock: context.clock, log: context.log, sources: [source(informer, aggregated)], reconcile });
}

/** The rules of all selected roles, by their names, each once. */
export function aggregatedRules({ metadata, aggregationRule }: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] {
  const others = all.filter((role) => role.metadata.name !== metadata.name).sort((a, b) => (a.metadata.name! < b.metadata.name! ? -1 : 1));
  const rules = new Map<string, PolicyRule>();
  for (const selector of aggregationRule?.clusterRoleSelectors ?? []) {
    const requirements = fromLabelSelector(selector);
    for (const role of others) {
      if (!matches(requirements, role.metadata.labels)) continue;
      for (const rule of role.rules ?? []) if (!rules.has(canonicalJson(rule))) rules.set(canonicalJson(rule), rule);
    }
  }
  return [...rules.values()];
}

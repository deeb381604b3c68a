/** Empties namespaces that are being deleted, and lets them go; the decisions are in plan.ts. */
import { errorMessage } from "#lib/log.ts";
import { namespaces, type Resource } from "#api/resources.ts";
import type { KubeObject, Namespace } from "#api/types.ts";
import type { Client } from "#client/client.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { discover, inPreferredVersions } from "#client/discovery.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { deleteExactly } from "../common/effects.ts";
import { sameOnTheWire } from "../common/equality.ts";
import { NAMESPACE_FINALIZER, planNamespace } from "./plan.ts";

const VERBS = ["list", "delete"];

const FIRST_LOOK_AGAIN_MS = 50;
const LAST_LOOK_AGAIN_MS = 2000;

export function startNamespaceController(context: ControllerContext): Controller {
  const { client } = component(context, "namespace-controller");
  const informer = context.informers.for(namespaces);
  /** How long to wait before looking again at what is left, by namespace. */
  const patience = new Map<string, number>();

  async function reconcile(key: string): Promise<number | void> {
    const known = informer.get(key);
    if (!known?.metadata.deletionTimestamp || !known.spec?.finalizers?.includes(NAMESPACE_FINALIZER)) return void patience.delete(key);
    const namespace = await client.find(namespaces, key);
    if (!namespace?.metadata.deletionTimestamp || namespace.metadata.uid !== known.metadata.uid) return;

    // Asked each time: a kind may have come since, and objects of it.
    const { resources, stale: unknown } = await discover(client);
    const inNamespace = inPreferredVersions(resources.filter(({ namespaced, verbs }) => namespaced && VERBS.every((verb) => verbs.includes(verb))));
    const before = await contentsOf(client, key, inNamespace);
    const asked = planNamespace({ namespace, ...before, unknown, nowMs: context.clock.now() });
    const failures = await deleteAll(asked.delete);
    const after = asked.delete.length > 0 ? await contentsOf(client, key, inNamespace) : before;
    const plan = planNamespace({ namespace, contents: after.contents, failures: [...after.failures, ...failures], unknown, nowMs: context.clock.now() });
    const current = await writeConditions(namespace, plan.conditions);
    if (plan.finalize) {
      const finalizers = current.spec!.finalizers!.filter((finalizer) => finalizer !== NAMESPACE_FINALIZER);
      await client.updateSubresource(namespaces, { ...current, spec: { ...current.spec, finalizers } }, "finalize");
      return void patience.delete(key);
    }
    const waitMs = patience.get(key) ?? FIRST_LOOK_AGAIN_MS;
    patience.set(key, Math.min(waitMs * 2, LAST_LOOK_AGAIN_MS));
    return waitMs;
  }

  async function deleteAll(targets: { resource: Resource; object: KubeObject }[]): Promise<string[]> {
    const results = await Promise.allSettled(
      targets.map(({ resource, object }) => deleteExactly(client, resource, object, { propagationPolicy: "Background" })),
    );
    return results.flatMap((result) => (result.status === "rejected" ? [errorMessage(result.reason)] : []));
  }

  async function writeConditions(namespace: Namespace, conditions: NonNullable<Namespace["status"]>["conditions"]): Promise<Namespace> {
    if (sameOnTheWire(conditions, namespace.status?.conditions)) return namespace;
    return client.updateStatus(namespaces, { ...namespace, status: { ...namespace.status, phase: "Terminating", conditions: conditions! } });
  }

  return startController({ name: "namespace-controller", clock: context.clock, log: context.log, sources: [source(informer)], reconcile });
}

async function contentsOf(client: Client, namespace: string, resources: Resource[]): Promise<{ contents: { resource: Resource; objects: KubeObject[] }[]; failures: string[] }> {
  const failures: string[] = [];
  const contents = await Promise.all(
    resources.map(async (resource) => {
      try {
        return { resource, objects: (await client.list(resource, { namespace })).items };
      } catch (error) {
        failures.push(`${resource.plural}: ${errorMessage(error)}`);
        return { resource, objects: [] };
      }
    }),
  );
  return { contents, failures };
}

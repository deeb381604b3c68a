/**
 * Serves what CustomResourceDefinitions define, and keeps their statuses. It follows the store, and serves a
 * kind before anyone can see that it is established.
 * @see https://github.com/kubernetes/apiextensions-apiserver/tree/master/pkg/controller
 */
import { errorMessage } from "#lib/log.ts";
import { WorkQueue } from "#lib/workqueue.ts";
import { isNotFound } from "#api/errors.ts";
import { customResourceDefinitions } from "#api/resources.ts";
import type { CustomResourceDefinition } from "#api/types.ts";
import type { Change } from "#store/index.ts";
import type { Catalog } from "../catalog.ts";
import type { RegistryContext, WriteRequest } from "../registry/context.ts";
import { objectOf } from "../registry/registry.ts";
import { systemUser } from "../user.ts";
import { CLEANUP_FINALIZER, isServed, planStatus, setCondition, type TerminatingCondition } from "./conditions.ts";
import { servedVersionsOf } from "./custom-resource.ts";
import { InstanceCleanup } from "./instance-cleanup.ts";

export interface CustomResources {
  stop(): Promise<void>;
  /** Resolves when every definition has been looked at. */
  whenIdle(): Promise<void>;
}

const REQUEST: WriteRequest = { user: systemUser("system:apiserver"), namespace: "", dryRun: false, warn: () => {} };

/** Serves the stored definitions before it returns, and then follows them. */
export function startCustomResources(catalog: Catalog, context: RegistryContext): CustomResources {
  const { store, clock } = context;
  const log = context.log.named("customresources");
  const { group, version, plural } = customResourceDefinitions;
  const registry = catalog.registry(group, version, plural)!;
  const queue = new WorkQueue({
    clock,
    // Names are given to one definition after the other.
    workers: 1,
    process: reconcile,
    onError: (name, error, attempt) => log.warn(`definition ${name} could not be brought up to date; will retry`, { attempt, error: errorMessage(error) }),
  });
  const cleanup = new InstanceCleanup(context, (name) => queue.add(name));
  /** What is served for a definition: nothing is done while that stays the same. */
  const served = new Map<string, string>();

  const list = (): CustomResourceDefinition[] => store.list(registry.prefix()).entries.map((entry) => objectOf<CustomResourceDefinition>(entry));

  function serve(crd: CustomResourceDefinition): void {
    const name = crd.metadata.name!;
    const state = JSON.stringify([crd.metadata.uid, crd.metadata.generation, crd.status?.acceptedNames, isServed(crd), crd.metadata.deletionTimestamp !== undefined]);
    if (served.get(name) === state) return;
    served.set(name, state);
    try {
      catalog.replace(name, isServed(crd) ? servedVersionsOf(crd) : []);
    } catch (error) {
      // Another definition's changes must go on.
      log.error(`definition ${name} can't be served`, { error: errorMessage(error) });
    }
  }

  function onChange({ type, entry }: Change): void {
    const crd = objectOf<CustomResourceDefinition>(entry);
    const name = crd.metadata.name!;
    if (type === "put") {
      serve(crd);
    } else {
      served.delete(name);
      catalog.replace(name, []);
      cleanup.forget(name);
    }
    queue.add(name);
    // Whoever waits for a name may have it now.
    for (const other of list()) if (other.spec.group === crd.spec.group) queue.add(other.metadata.name!);
  }

  async function reconcile(name: string): Promise<void> {
    const entry = registry.find("", name);
    if (!entry) return;
    const crd = objectOf<CustomResourceDefinition>(entry);
    const others = list().filter((other) => other.spec.group === crd.spec.group && other.metadata.name !== name);
    const status = planStatus(crd, others, registry.now());
    if (status) await change(name, (current) => ({ ...current, status }));
    else if (crd.metadata.deletionTimestamp && crd.metadata.finalizers?.includes(CLEANUP_FINALIZER)) await finalize(crd);
  }

  async function finalize(crd: CustomResourceDefinition): Promise<void> {
    const name = crd.metadata.name!;
    const { condition, done } = await cleanup.run(crd, (began) => change(name, (current) => withCondition(current, began)));
    await change(name, (current) => {
      const next = withCondition(current, condition);
      if (done) next.metadata.finalizers = next.metadata.finalizers?.filter((finalizer) => finalizer !== CLEANUP_FINALIZER) ?? [];
      return next;
    });
  }

  function withCondition(crd: CustomResourceDefinition, condition: TerminatingCondition): CustomResourceDefinition {
    const conditions = setCondition(crd.status?.conditions ?? [], { type: "Terminating", ...condition }, registry.now());
    return { ...crd, status: { ...crd.status, conditions } };
  }

  /** Writes a status; the definition may be gone by now. */
  async function change(name: string, next: (current: CustomResourceDefinition) => CustomResourceDefinition): Promise<void> {
    try {
      await registry.update(REQUEST, name, (current) => next(current as unknown as CustomResourceDefinition), { subresource: "status" });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  for (const crd of list()) {
    serve(crd);
    queue.add(crd.metadata.name!);
  }
  const unsubscribe = store.watch(registry.prefix(), store.revision, (changes) => changes.forEach(onChange));
  return {
    whenIdle: () => queue.whenIdle(),
    async stop() {
      unsubscribe();
      cleanup.stop();
      await queue.stop();
    },
  };
}

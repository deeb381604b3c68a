/**
 * Deletes the objects of a definition that goes.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/controller/finalizer/crd_finalizer.go
 */
import { errorMessage } from "#lib/log.ts";
import { isNotFound } from "#api/errors.ts";
import type { CustomResourceDefinition } from "#api/types.ts";
import type { RegistryContext } from "../registry/context.ts";
import { deleteObject } from "../registry/delete.ts";
import { Registry } from "../registry/registry.ts";
import { systemUser } from "../user.ts";
import { isConditionTrue, type TerminatingCondition } from "./conditions.ts";
import { versionsOf } from "./custom-resource.ts";

export interface CleanupOutcome {
  condition: TerminatingCondition;
  /** Nothing is left. */
  done: boolean;
}

const PENDING: TerminatingCondition = { status: "True", reason: "InstanceDeletionInProgress", message: "CustomResource deletion is in progress" };
const COMPLETED: TerminatingCondition = { status: "False", reason: "InstanceDeletionCompleted", message: "removed all instances" };
const NEVER_ESTABLISHED: TerminatingCondition = { status: "False", reason: "NeverEstablished", message: "resource was never established" };

export class InstanceCleanup {
  readonly #context: RegistryContext;
  readonly #onEmpty: (name: string) => void;
  /** Ends the watches for what finalizers keep, by definition. */
  readonly #waiting = new Map<string, () => void>();

  /** `onEmpty` is called when the last of the objects that were still there has gone. */
  constructor(context: RegistryContext, onEmpty: (name: string) => void) {
    this.#context = context;
    this.#onEmpty = onEmpty;
  }

  /** Asks every object to go; `begin` is awaited before the first is asked. */
  async run(crd: CustomResourceDefinition, begin: (condition: TerminatingCondition) => Promise<void>): Promise<CleanupOutcome> {
    if (!isConditionTrue(crd, "Established")) return { condition: NEVER_ESTABLISHED, done: true };
    const { store } = this.#context;
    const registry = new Registry(versionsOf(crd)[0]!, {}, this.#context, () => undefined);
    const prefix = registry.prefix();
    if (store.count(prefix) > 0) await begin(PENDING);
    const failures: string[] = [];
    for (const { object } of store.list(prefix).entries) {
      const { name, namespace = "" } = object.metadata as { name: string; namespace?: string };
      try {
        const request = { user: systemUser("system:apiserver"), namespace, dryRun: false, warn: () => {} };
        await deleteObject(registry, request, name, {}, true);
      } catch (error) {
        if (!isNotFound(error)) failures.push(errorMessage(error));
      }
    }
    if (failures.length > 0) return { condition: { status: "True", reason: "InstanceDeletionFailed", message: `could not issue all deletes: ${failures.join(", ")}` }, done: false };
    if (store.count(prefix) === 0) return { condition: COMPLETED, done: true };
    this.#wait(crd.metadata.name!, prefix);
    return { condition: PENDING, done: false };
  }

  #wait(name: string, prefix: string): void {
    if (this.#waiting.has(name)) return;
    const { store } = this.#context;
    const unsubscribe = store.watch(prefix, store.revision, () => {
      if (store.count(prefix) > 0) return;
      this.forget(name);
      this.#onEmpty(name);
    });
    this.#waiting.set(name, unsubscribe);
  }

  /** The definition has gone. */
  forget(name: string): void {
    this.#waiting.get(name)?.();
    this.#waiting.delete(name);
  }

  stop(): void {
    for (const name of this.#waiting.keys()) this.forget(name);
  }
}

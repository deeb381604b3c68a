/**
 * Deletion: preconditions, grace, finalizers and propagation.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/registry/rest/delete.go
 */
import { isDeepStrictEqual } from "node:util";
import { toTime } from "#lib/clock.ts";
import { conflict, invalid, modified } from "#api/errors.ts";
import type { DeleteOptions } from "#api/types.ts";
import { RevisionMismatchError, type Entry } from "#store/index.ts";
import type { WriteRequest } from "./context.ts";
import { draft, objectOf, type Registry, type Stored } from "./registry.ts";

const ORPHAN = "orphan";
const FOREGROUND = "foregroundDeletion";
const POLICIES = ["Orphan", "Background", "Foreground"];

export interface Deleted {
  /** The last or the current state. */
  entry: Entry;
  /** False while grace or finalizers keep the object. */
  gone: boolean;
}

/** What a delete comes to for an object in its present state. */
export type DeletePlan = { action: "keep" } | { action: "remove" } | { action: "update"; object: Stored };

export interface DeleteRules {
  nowMs: number;
  /** Seconds of grace the kind grants; undefined when it knows no grace. */
  graceSeconds: number | undefined;
  defaultPropagation: "Orphan" | "Background";
  /** Changes an object about to be marked as deleted (a namespace's phase). */
  markDeleting?: ((object: Stored) => void) | undefined;
  /** Whether the kind has a reason of its own to keep the object. */
  finalizing?: ((object: Stored) => boolean) | undefined;
}

/** Decides; changes nothing. */
export function planDelete(current: Stored, options: DeleteOptions, rules: DeleteRules): DeletePlan {
  const object = structuredClone(current);
  const graceful = beginGrace(object, options, rules);
  if (graceful === "pending") return { action: "keep" };
  setPropagation(object, options, rules.defaultPropagation);
  rules.markDeleting?.(object);
  const finalizing = (object.metadata.finalizers?.length ?? 0) > 0 || rules.finalizing?.(object) === true;
  if (graceful === "started" && (finalizing || object.metadata.deletionGracePeriodSeconds! > 0)) return { action: "update", object };
  if (!finalizing) return { action: "remove" };
  markAsDeleting(object, rules.nowMs);
  return isDeepStrictEqual(object, current) ? { action: "keep" } : { action: "update", object };
}

/** Sets the time of a graceful deletion, or shortens it. */
function beginGrace(object: Stored, options: DeleteOptions, { nowMs, graceSeconds }: DeleteRules): "none" | "pending" | "started" {
  const { metadata } = object;
  if (graceSeconds === undefined) return "none";
  if (!metadata.deletionTimestamp) {
    metadata.deletionTimestamp = toTime(nowMs + graceSeconds * 1000);
    metadata.deletionGracePeriodSeconds = graceSeconds;
    if (metadata.generation) metadata.generation++;
    return "started";
  }
  const known = metadata.deletionGracePeriodSeconds;
  if (!known) return "none";
  if (options.gracePeriodSeconds === undefined) return "pending";
  let seconds = options.gracePeriodSeconds < 0 ? 1 : options.gracePeriodSeconds;
  if (seconds >= known) return "pending";
  let dueMs = Date.parse(metadata.deletionTimestamp) + (seconds - known) * 1000;
  if (dueMs < nowMs) {
    // The shorter grace is over already; someone else still has to act, so the least that is graceful stays.
    dueMs = nowMs;
    if (seconds !== 0) seconds = 1;
  }
  metadata.deletionTimestamp = toTime(dueMs);
  metadata.deletionGracePeriodSeconds = seconds;
  return "started";
}

/** The garbage collector's finalizers, as the options or else the object's own ask for them. */
function setPropagation(object: Stored, options: DeleteOptions, byDefault: "Orphan" | "Background"): void {
  const known = object.metadata.finalizers ?? [];
  let policy: string = byDefault;
  if (known.includes(ORPHAN)) policy = "Orphan";
  else if (known.includes(FOREGROUND)) policy = "Foreground";
  if (options.orphanDependents !== undefined) policy = options.orphanDependents ? "Orphan" : "Background";
  if (options.propagationPolicy) policy = options.propagationPolicy;
  const finalizers = known.filter((finalizer) => finalizer !== ORPHAN && finalizer !== FOREGROUND);
  if (policy === "Orphan") finalizers.push(ORPHAN);
  if (policy === "Foreground") finalizers.push(FOREGROUND);
  if (finalizers.length > 0) object.metadata.finalizers = finalizers;
  else delete object.metadata.finalizers;
}

function markAsDeleting(object: Stored, nowMs: number): void {
  const { metadata } = object;
  if (!metadata.deletionTimestamp && metadata.generation) metadata.generation++;
  if (!metadata.deletionTimestamp || Date.parse(metadata.deletionTimestamp) > nowMs) metadata.deletionTimestamp = toTime(nowMs);
  metadata.deletionGracePeriodSeconds = 0;
}

/** Deletes one object; `admitted` when an admitted request of another kind asks for it: an Eviction. Throws NotFound, Conflict (preconditions), Invalid (options). */
export async function deleteObject(registry: Registry, request: WriteRequest, name: string, options: DeleteOptions, admitted = false): Promise<Deleted> {
  checkOptions(options);
  const { store, clock, admission } = registry.context;
  const { strategy, definition } = registry;
  for (;;) {
    const entry = registry.get(request.namespace, name);
    const current = objectOf(entry);
    checkPreconditions(registry, current, options);
    strategy.checkDelete?.(current);
    if (!admitted) {
      const attributes = { ...request, options, operation: "DELETE" as const, definition, subresource: "", name, object: undefined, oldObject: current, alongside: [] };
      await admission.admit(attributes);
      await admission.validate(attributes);
    }
    const plan = planDelete(current, options, {
      nowMs: clock.now(),
      graceSeconds: strategy.graceSeconds?.(current, options),
      defaultPropagation: strategy.defaultPropagation ?? "Background",
      markDeleting: strategy.markDeleting,
      finalizing: strategy.finalizing,
    });
    if (plan.action === "keep") return { entry, gone: false };
    if (request.dryRun) return { entry: plan.action === "update" ? draft(entry.key, plan.object) : entry, gone: plan.action === "remove" };
    try {
      if (plan.action === "remove") return { entry: registry.view(await store.delete(entry.key, entry.revision)), gone: true };
      return { entry: registry.view(await store.update(entry.key, registry.toStored(plan.object), entry.revision)), gone: false };
    } catch (error) {
      if (!(error instanceof RevisionMismatchError)) throw error;
      if (options.preconditions?.resourceVersion) throw modified(registry.subject(name));
    }
  }
}

function checkOptions(options: DeleteOptions): void {
  const { propagationPolicy, orphanDependents } = options;
  if (propagationPolicy && orphanDependents !== undefined) {
    throw invalid({ group: "meta.k8s.io", resource: "DeleteOptions" }, [
      {
        field: "propagationPolicy",
        type: "Invalid",
        message: `Invalid value: ${JSON.stringify(propagationPolicy)}: orphanDependents and deletionPropagation cannot be both set`,
      },
    ]);
  }
  if (propagationPolicy && !POLICIES.includes(propagationPolicy)) {
    throw invalid({ group: "meta.k8s.io", resource: "DeleteOptions" }, [
      {
        field: "propagationPolicy",
        type: "NotSupported",
        message: `Unsupported value: ${JSON.stringify(propagationPolicy)}: supported values: "Foreground", "Background", "Orphan", "nil"`,
      },
    ]);
  }
}

function checkPreconditions(registry: Registry, { metadata }: Stored, { preconditions }: DeleteOptions): void {
  const subject = { group: registry.definition.group, resource: registry.definition.kind, name: metadata.name };
  if (preconditions?.uid && preconditions.uid !== metadata.uid) {
    throw conflict(
      subject,
      `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    );
  }
  if (preconditions?.resourceVersion && preconditions.resourceVersion !== metadata.resourceVersion) {
    throw conflict(
      subject,
      `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    );
  }
}

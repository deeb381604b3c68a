/**
 * Who owns what after a write, and what an apply makes of an object.
 * @see https://github.com/kubernetes-sigs/structured-merge-diff/blob/master/merge/update.go
 */
import { sameJson } from "#lib/json.ts";
import type { FieldSchema } from "#api/field-schema.ts";
import { compare, ignoring, isSame, type Comparison } from "./compare.ts";
import { difference, EMPTY, intersection, isEmpty, recursiveDifference, union, withNamedFields, type FieldSet } from "./field-set.ts";
import { fieldSetOf } from "./field-set-of.ts";
import { merge } from "./merge.ts";
import { reconcile } from "./reconcile.ts";
import { removeItems } from "./remove-items.ts";
import type { Json } from "./typed.ts";

/** What a manager owns, in the version it wrote. */
export interface VersionedSet {
  readonly fields: FieldSet;
  readonly apiVersion: string;
  readonly applied: boolean;
}

/** By the manager's identity, which to this module is any text. */
export type Managers = Map<string, VersionedSet>;

/** An object of a version. */
export interface Typed {
  readonly value: Json;
  readonly schema: FieldSchema;
  readonly apiVersion: string;
}

export interface Updater {
  /** The object in another version; undefined where that isn't served any more. */
  convert(object: Typed, apiVersion: string): Typed | undefined;
  /** What the endpoint doesn't let anyone write, of its own version. */
  resetFields: FieldSet;
  /** Whether the schema may have changed since the managed fields were written: updates look into that, too, and not applies alone. */
  schemaChanges: boolean;
}

/** A field that another manager owns and wants otherwise. */
export interface Conflict {
  manager: string;
  fields: FieldSet;
}

export class ConflictError extends Error {
  readonly conflicts: readonly Conflict[];

  constructor(conflicts: readonly Conflict[]) {
    super("there are conflicts");
    this.name = "ConflictError";
    this.conflicts = conflicts;
  }
}

/**
 * The managers once `manager` has changed `live` to `next`; the same as before where nothing changed.
 * Throws a SchemaMismatch when the objects can't be compared.
 */
export function update(updater: Updater, live: Typed, next: Typed, managers: Managers, manager: string): Managers {
  const comparison = ignoring(compare(next.schema, live.value, next.value), updater.resetFields);
  if (isSame(comparison)) return managers;
  const { added, modified, removed } = comparison;
  const others = takeOver(updater, live, next, comparison, updater.schemaChanges ? reconcileAll(updater, live, managers) : managers, manager, true);
  const own = others.get(manager)?.fields ?? EMPTY;
  const fields = recursiveDifference(union(union(difference(own, removed), modified), added), updater.resetFields);
  if (isEmpty(fields)) others.delete(manager);
  else others.set(manager, { fields, apiVersion: next.apiVersion, applied: false });
  return others;
}

export interface Applied {
  /** Undefined when the object stays as it is. */
  object: Json | undefined;
  managers: Managers;
}

/**
 * What becomes of `live` when `manager` applies `config`. Throws a ConflictError unless forced, and a
 * SchemaMismatch when the objects can't be merged.
 */
export function apply(updater: Updater, live: Typed, config: Typed, managers: Managers, manager: string, force: boolean): Applied {
  const reconciled = reconcileAll(updater, live, managers);
  const { schema, apiVersion } = config;
  const merged: Typed = { value: (merge(schema, live.value, config.value) ?? {}) as Json, schema, apiVersion };
  const last = reconciled.get(manager);
  const fields = recursiveDifference(fieldSetOf(schema, config.value), updater.resetFields);
  reconciled.set(manager, { fields, apiVersion, applied: true });
  const next = prune(updater, merged, reconciled, last);
  const comparison = ignoring(compare(schema, live.value, next.value), updater.resetFields);
  const after = takeOver(updater, live, next, comparison, reconciled, manager, force);
  return { object: sameJson(live.value, next.value) ? undefined : next.value, managers: after };
}

/** Takes what changed from the other managers. */
function takeOver(updater: Updater, live: Typed, next: Typed, comparison: Comparison, managers: Managers, manager: string, force: boolean): Managers {
  const byVersion = new Map([[next.apiVersion, comparison]]);
  const result: Managers = new Map();
  const conflicts: Conflict[] = [];
  for (const [other, owned] of managers) {
    if (other === manager) {
      if (!isEmpty(owned.fields)) result.set(other, owned);
      continue;
    }
    const changes = byVersion.get(owned.apiVersion) ?? compareIn(updater, owned.apiVersion, live, next);
    if (!changes) continue; // of a version that isn't served any more
    byVersion.set(owned.apiVersion, changes);
    const lost = intersection(owned.fields, union(changes.modified, changes.added));
    if (!isEmpty(lost)) conflicts.push({ manager: other, fields: lost });
    const fields = difference(difference(owned.fields, lost), changes.removed);
    if (!isEmpty(fields)) result.set(other, fields === owned.fields ? owned : { ...owned, fields });
  }
  if (!force && conflicts.length > 0) throw new ConflictError(conflicts);
  return result;
}

function compareIn(updater: Updater, apiVersion: string, live: Typed, next: Typed): Comparison | undefined {
  const before = updater.convert(live, apiVersion);
  const after = updater.convert(next, apiVersion);
  return before && after && compare(after.schema, before.value, after.value);
}

function reconcileAll(updater: Updater, live: Typed, managers: Managers): Managers {
  const result: Managers = new Map();
  for (const [manager, owned] of managers) {
    const object = updater.convert(live, owned.apiVersion);
    if (!object) continue;
    const fields = reconcile(owned.fields, object.schema);
    result.set(manager, fields === owned.fields ? owned : { ...owned, fields });
  }
  return result;
}

/** Removes what the manager applied last time, doesn't this time, and nobody else owns. */
function prune(updater: Updater, merged: Typed, managers: Managers, last: VersionedSet | undefined): Typed {
  if (!last || isEmpty(last.fields)) return merged;
  const before = updater.convert(merged, last.apiVersion);
  if (!before) return merged;
  let pruned = without(before, withNamedFields(last.fields, before.schema));
  pruned = addBackOwned(updater, before, pruned, managers);
  pruned = addBackDangling(before, updater.convert(pruned, last.apiVersion), last);
  return updater.convert(pruned, merged.apiVersion) ?? merged;
}

const without = (object: Typed, fields: FieldSet): Typed => ({ ...object, value: (removeItems(object.schema, object.value, fields) ?? {}) as Json });

const namedFieldsOf = (object: Typed): FieldSet => withNamedFields(fieldSetOf(object.schema, object.value), object.schema);

/** Puts back what the other managers, or the manager's new configuration, own. */
function addBackOwned(updater: Updater, merged: Typed, pruned: Typed, managers: Managers): Typed {
  const byVersion = new Map<string, FieldSet>();
  for (const { apiVersion, fields } of managers.values()) byVersion.set(apiVersion, union(byVersion.get(apiVersion) ?? EMPTY, fields));
  // The version at hand comes first: others may not be convertible without what is put back.
  const versions = [...byVersion.keys()].sort((a, b) => Number(b === pruned.apiVersion) - Number(a === pruned.apiVersion));
  let whole = merged;
  let result = pruned;
  for (const version of versions) {
    const from = updater.convert(whole, version);
    const to = updater.convert(result, version);
    if (!from || !to) continue;
    whole = from;
    const owned = withNamedFields(byVersion.get(version)!, from.schema);
    result = without(from, difference(namedFieldsOf(from), union(namedFieldsOf(to), owned)));
  }
  return result;
}

/** Puts back what was not the manager's to remove: fields without an owner, or inside of what it owned. */
function addBackDangling(merged: Typed, pruned: Typed | undefined, last: VersionedSet): Typed {
  if (!pruned) return merged;
  const removed = difference(namedFieldsOf(merged), namedFieldsOf(pruned));
  return without(merged, intersection(removed, withNamedFields(last.fields, merged.schema)));
}

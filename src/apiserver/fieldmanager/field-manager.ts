/**
 * Keeps the managed fields of one kind's objects up to date, and applies configurations to them.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/util/managedfields/internal/fieldmanager.go
 */
import type { FieldSchema } from "#api/field-schema.ts";
import { badRequest, StatusError } from "#api/errors.ts";
import type { KubeObject, ObjectMeta } from "#api/types.ts";
import { sameJson } from "#lib/json.ts";
import { capUpdaters } from "./cap-updaters.ts";
import { applyConflict } from "./conflict.ts";
import { difference, fieldSet, isEmpty, union } from "./field-set.ts";
import { allowedByLastApplied, updateLastApplied } from "./last-applied.ts";
import { isReset, managerId, nobody, parseManagedFields, readManagedFields, writeManagedFields, type Managed, type Manager } from "./managed-fields.ts";
import { SchemaMismatch, type Json } from "./typed.ts";
import { apply, ConflictError, update, type Conflict, type Managers, type Typed, type Updater } from "./updater.ts";
import { validate } from "./validate.ts";

/** What an endpoint knows of the objects it writes. */
export interface Endpoint extends Updater {
  apiVersion: string;
  kind: string;
  schema: FieldSchema;
  /** Empty for the object itself. */
  subresource: string;
  /** What an object is before anyone has written to it. */
  zero: Json;
}

/** What clients write but nobody owns. */
const UNTRACKED = fieldSet(
  [
    ["apiVersion"],
    ["kind"],
    ["metadata"],
    ...["name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields", "resourceVersion"].map((field) => ["metadata", field]),
  ].map((path) => path.map((name) => `f:${name}`)),
);

/** kubectl's own name as an applier: what it applied from the client's side before is its own. */
const KUBECTL = "kubectl";
const BEFORE_FIRST_APPLY = "before-first-apply";
/** Stands for the writer while it is not yet known whether it changed anything. */
const CURRENT = "current-operation";

/**
 * Notes in `next` that `manager` has made it of `live` (undefined when it is new). What the client says of
 * the managed fields itself counts where it makes sense. `now` is a time as objects hold it.
 */
export function trackUpdate(endpoint: Endpoint, live: KubeObject | undefined, next: KubeObject, manager: string, now: string): void {
  const sent = next.metadata.managedFields;
  delete next.metadata.managedFields;
  let entries = live?.metadata.managedFields;
  const resets = sent !== undefined && endpoint.subresource === "" && isReset(sent);
  if (resets) entries = undefined;
  else if (sent && endpoint.subresource === "" && !sameJson(sent, entries)) entries = acceptable(sent) ?? entries;
  // Who tracks nothing of an object that exists goes on without: its fields have no known owners.
  if (live && !entries?.length) return;
  try {
    const managed = readManagedFields(entries);
    const changed = updated(endpoint, live ? withoutManagedFields(live) : endpoint.zero, next as unknown as Json, managed, manager, now);
    entries = changed === managed ? entries : writeManagedFields(changed);
  } catch (error) {
    if (!(error instanceof SchemaMismatch)) throw error;
    entries = live?.metadata.managedFields; // of objects that can't be compared, the owners can't be known
  }
  if (entries?.length) next.metadata.managedFields = entries;
}

/** What a client wants the managed fields to be, as they are stored; undefined when they can't be that. */
function acceptable(sent: NonNullable<ObjectMeta["managedFields"]>): ObjectMeta["managedFields"] {
  try {
    return writeManagedFields(parseManagedFields(sent));
  } catch {
    return undefined;
  }
}

/** The same where nothing changed. */
function updated(endpoint: Endpoint, before: Json, next: Json, managed: Managed, name: string, now: string): Managed {
  const { schema, apiVersion, subresource } = endpoint;
  const typed = (value: Json): Typed => ({ value, schema, apiVersion });
  const after = update(endpoint, typed(before), typed(next), managed.managers, CURRENT);
  if (after === managed.managers) return managed;
  const managers = strip(after, CURRENT);
  const times = new Map(managed.times);
  const changes = managers.get(CURRENT);
  if (changes) {
    managers.delete(CURRENT);
    const id = managerId({ name: name || "unknown", operation: "Update", apiVersion, subresource });
    const earlier = managers.get(id);
    managers.set(id, earlier ? { ...changes, fields: union(earlier.fields, changes.fields) } : changes);
    times.set(id, now);
  }
  return capUpdaters({ managers, times });
}

function strip(managers: Managers, id: string): Managers {
  const owned = managers.get(id);
  if (!owned) return managers;
  const fields = difference(owned.fields, UNTRACKED);
  if (isEmpty(fields)) managers.delete(id);
  else managers.set(id, { ...owned, fields });
  return managers;
}

function withoutManagedFields(object: KubeObject): Json {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** What an applier asks for. */
export interface ApplyRequest {
  manager: string;
  /** Take the fields that others own. */
  force: boolean;
}

/**
 * `live` (undefined when there is no object yet) with the configuration applied, its managed fields
 * included. The result may share parts with its arguments. Throws Conflict with what others own,
 * BadRequest, or the server's error for a configuration that doesn't fit its schema.
 */
export function applyConfiguration(endpoint: Endpoint, live: KubeObject | undefined, config: Json, { manager: name, force }: ApplyRequest, now: string): KubeObject {
  const { apiVersion, kind, schema, subresource } = endpoint;
  if (config.apiVersion !== apiVersion || config.kind !== kind) throw badRequest(`invalid object type: ${typeText(config)}`);
  const applied = typedConfig(endpoint, config);
  const before: Typed = { value: live ? withoutManagedFields(live) : endpoint.zero, schema, apiVersion };
  let managed = readManagedFields(live?.metadata.managedFields);
  if (managed.managers.size === 0 && live) {
    managed = updated(endpoint, endpoint.zero, before.value, nobody(), BEFORE_FIRST_APPLY, now);
  }
  const manager: Manager = { name, operation: "Apply", apiVersion, subresource };
  const id = managerId(manager);
  const attempt = (forced: boolean): KubeObject => {
    const { object, managers } = apply(endpoint, before, applied, managed.managers, id, forced);
    const times = new Map(managed.times);
    if (object) times.set(id, now);
    const next = structuredClone(object ?? before.value) as unknown as KubeObject;
    const entries = writeManagedFields({ managers: strip(managers, id), times });
    next.metadata = { ...next.metadata, ...(entries ? { managedFields: entries } : {}) };
    return next;
  };
  try {
    return name === KUBECTL ? updateLastApplied(attemptAsKubectl(before, force, attempt), config) : attempt(force);
  } catch (error) {
    if (error instanceof ConflictError) throw applyConflict(error.conflicts);
    if (error instanceof SchemaMismatch) throw new StatusError(500, "", `failed to merge config: ${error.message}`);
    throw error;
  }
}

/** As kubectl, what client-side apply left is no conflict. */
function attemptAsKubectl(before: Typed, force: boolean, attempt: (force: boolean) => KubeObject): KubeObject {
  try {
    return attempt(force);
  } catch (error) {
    const allowed = error instanceof ConflictError && allowedByLastApplied(before);
    if (!allowed) throw error;
    const left = error.conflicts.flatMap(({ manager, fields }): Conflict[] => {
      const others = difference(fields, allowed);
      return isEmpty(others) ? [] : [{ manager, fields: others }];
    });
    if (left.length > 0) throw new ConflictError(left);
    return attempt(true);
  }
}

function typedConfig({ schema, apiVersion }: Endpoint, config: Json): Typed {
  const metadata = (config.metadata ?? {}) as ObjectMeta;
  if (metadata.managedFields !== undefined && metadata.managedFields !== null) throw badRequest("metadata.managedFields must be nil");
  try {
    validate(schema, config);
  } catch (error) {
    if (!(error instanceof SchemaMismatch)) throw error;
    throw new StatusError(500, "", `failed to create typed patch object (${metadata.namespace ?? ""}/${metadata.name ?? ""}; ${typeText(config)}): ${error.message}`);
  }
  return { value: config, schema, apiVersion };
}

/** As Go prints a GroupVersionKind. */
function typeText({ apiVersion, kind }: Json): string {
  const version = typeof apiVersion === "string" ? apiVersion : "";
  return `${version.includes("/") ? version : `/${version}`}, Kind=${typeof kind === "string" ? kind : ""}`;
}

/**
 * `metadata.managedFields`: who owns which fields, and since when.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/util/managedfields/internal/managedfields.go
 */
import type { KubeObject, ObjectMeta } from "#api/types.ts";
import { sameJson } from "#lib/json.ts";
import { EMPTY, parseFieldSet, type FieldSet } from "./field-set.ts";
import type { Managers } from "./updater.ts";

export type ManagedFieldsEntry = NonNullable<ObjectMeta["managedFields"]>[number];

export interface Managed {
  /** By {@link managerId}. */
  managers: Managers;
  /** When each manager last changed something; a manager that applied what was there already has no time. */
  times: Map<string, string>;
}

/** Who acts, and how. */
export interface Manager {
  name: string;
  operation: "Apply" | "Update";
  apiVersion: string;
  /** Empty for the object itself. */
  subresource: string;
}

/** One manager may own fields as applier, as updater of several versions, and by subresources: all of them are managers of their own. */
export function managerId({ name, operation, apiVersion, subresource }: Manager): string {
  return JSON.stringify([name, operation, operation === "Apply" ? "" : apiVersion, subresource]);
}

/** The apiVersion of an applier is empty: it owns what it owns in any version. */
export function managerOf(id: string): Manager {
  const [name, operation, apiVersion, subresource] = JSON.parse(id) as [string, Manager["operation"], string, string];
  return { name, operation, apiVersion, subresource };
}

export const nobody = (): Managed => ({ managers: new Map(), times: new Map() });

/** What this server has written itself: nothing can be wrong with it. */
export function readManagedFields(entries: readonly ManagedFieldsEntry[] | undefined): Managed {
  return decode(entries ?? [], (fieldsV1) => fieldsV1 as FieldSet);
}

/** What a client, or a webhook, wants to be stored. Throws when it can't be. */
export function parseManagedFields(entries: readonly ManagedFieldsEntry[]): Managed {
  return decode(entries, (fieldsV1) => {
    try {
      return parseFieldSet(fieldsV1);
    } catch (error) {
      throw new Error(`error decoding set: ${(error as Error).message}`, { cause: error });
    }
  });
}

function decode(entries: readonly ManagedFieldsEntry[], fieldsOf: (fieldsV1: object) => FieldSet): Managed {
  const managed = nobody();
  entries.forEach(({ manager: name = "", operation, apiVersion, subresource = "", time, fieldsType, fieldsV1 }, i) => {
    if (operation !== "Apply" && operation !== "Update") throw new Error("operation must be `Apply` or `Update`");
    if (!apiVersion) throw new Error("apiVersion must not be empty");
    if (!fieldsType) throw new Error(`missing fieldsType in managed fields entry ${i}`);
    if (fieldsType !== "FieldsV1") throw new Error(`invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${i}`);
    const id = managerId({ name, operation, apiVersion, subresource });
    managed.managers.set(id, { fields: fieldsV1 ? fieldsOf(fieldsV1) : EMPTY, apiVersion, applied: operation === "Apply" });
    if (time) managed.times.set(id, time);
  });
  return managed;
}

/** As it is stored: appliers before updaters, the longer ago the earlier. Undefined when nobody owns anything. */
export function writeManagedFields({ managers, times }: Managed): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined;
  const entries = [...managers].map(([id, { fields, apiVersion, applied }]): ManagedFieldsEntry => {
    const { name, operation, subresource } = managerOf(id);
    const time = times.get(id);
    return {
      ...(name ? { manager: name } : {}),
      operation: applied ? "Apply" : operation,
      apiVersion,
      ...(time ? { time } : {}),
      fieldsType: "FieldsV1",
      fieldsV1: fields,
      ...(subresource ? { subresource } : {}),
    };
  });
  return entries.sort(
    (a, b) =>
      compareText(a.operation, b.operation) ||
      secondsOf(a.time) - secondsOf(b.time) ||
      compareText(a.manager, b.manager) ||
      compareText(a.apiVersion, b.apiVersion) ||
      compareText(a.subresource, b.subresource),
  );
}

/** Seconds since 1970. */
export const secondsOf = (time: string | undefined): number => (time ? Math.floor(Date.parse(time) / 1000) : 0);

const compareText = (a = "", b = ""): number => (a < b ? -1 : a > b ? 1 : 0);

/** Whether a client asks for a fresh start: by an empty list, or a list of one empty entry. */
export function isReset(entries: readonly ManagedFieldsEntry[]): boolean {
  return entries.length === 0 || (entries.length === 1 && Object.keys(entries[0]!).length === 0);
}

/** Whether two objects differ at most in when their fields were written: then nothing was. */
export function sameButWhenManaged(a: KubeObject, b: KubeObject): boolean {
  const timeless = ({ metadata: { managedFields, ...metadata }, ...rest }: KubeObject): object => ({
    ...rest,
    metadata: { ...metadata, managedFields: managedFields?.map((entry) => ({ ...entry, time: undefined })) },
  });
  return sameJson(timeless(a), timeless(b));
}

/** Puts the managed fields back where admission has made something invalid of them, and says so. */
export function checkManagedFields({ metadata }: KubeObject, before: ObjectMeta["managedFields"], warn: (text: string) => void): void {
  const { managedFields } = metadata;
  if (managedFields === before || sameJson(managedFields, before)) return;
  try {
    metadata.managedFields = writeManagedFields(parseManagedFields(managedFields ?? []));
  } catch (error) {
    metadata.managedFields = before;
    warn(
      `.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: ${(error as Error).message}`,
    );
  }
}

/**
 * Bounds the number of managers: the oldest of too many updaters become one.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/util/managedfields/internal/capmanagers.go
 */
import { union } from "./field-set.ts";
import { managerId, secondsOf, type Managed } from "./managed-fields.ts";

const MAX_UPDATERS = 10;
const ANCIENT = "ancient-changes";

/** The same where there aren't too many. */
export function capUpdaters(managed: Managed): Managed {
  const updaters = [...managed.managers].flatMap(([id, { applied }]) => (applied ? [] : [id]));
  let surplus = updaters.length - MAX_UPDATERS;
  if (surplus <= 0) return managed;
  const managers = new Map(managed.managers);
  const times = new Map(managed.times);
  updaters.sort((a, b) => secondsOf(times.get(a)) - secondsOf(times.get(b)) || (a < b ? -1 : 1));
  const firstOfVersion = new Map<string, string>();
  for (const id of updaters) {
    if (surplus <= 0) break;
    const owned = managers.get(id)!;
    const { apiVersion } = owned;
    const first = firstOfVersion.get(apiVersion);
    if (first === undefined) {
      firstOfVersion.set(apiVersion, id);
      continue;
    }
    const bucket = managerId({ name: ANCIENT, operation: "Update", apiVersion, subresource: "" });
    const gathered = managers.get(bucket) ?? managers.get(first)!;
    if (!managers.has(bucket)) managers.delete(first);
    managers.set(bucket, { ...gathered, fields: union(owned.fields, gathered.fields) });
    const time = times.get(id);
    managers.delete(id);
    if (time) times.set(bucket, time);
    surplus--;
  }
  return { managers, times };
}

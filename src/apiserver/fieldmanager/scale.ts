/**
 * Who owns the number of replicas, seen from the Scale and from the object it scales.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/util/managedfields/scalehandler.go
 */
import type { ObjectMeta } from "#api/types.ts";
import { difference, fieldSet, has, isEmpty, type Path } from "./field-set.ts";
import { managerId, managerOf, nobody, readManagedFields, writeManagedFields, type Managed } from "./managed-fields.ts";

type ManagedFields = ObjectMeta["managedFields"];

const SCALE_VERSION = "autoscaling/v1";
const REPLICAS_IN_SCALE: Path = ["f:spec", "f:replicas"];

/** The managed fields of a Scale: of the object's, those with the replicas, which are at `path` there. */
export function scaleManagedFields(entries: ManagedFields, path: Path): ManagedFields {
  const { managers, times } = readManagedFields(entries);
  const scale: Managed = nobody();
  for (const [id, { fields, applied }] of managers) {
    if (!has(fields, path)) continue;
    const inScale = inVersion(id, SCALE_VERSION);
    scale.managers.set(inScale, { fields: fieldSet([REPLICAS_IN_SCALE]), apiVersion: SCALE_VERSION, applied });
    const time = times.get(id);
    if (time) scale.times.set(inScale, time);
  }
  return writeManagedFields(scale);
}

/** The managed fields of the object, of this `apiVersion`, once its Scale's are `scaled`. */
export function parentManagedFields(entries: ManagedFields, scaled: ManagedFields, path: Path, apiVersion: string): ManagedFields {
  const { managers, times } = readManagedFields(entries);
  const owners = new Map([...readManagedFields(scaled).managers].map(([id, owned]) => [inVersion(id, ""), owned]));
  const result: Managed = { managers: new Map(), times };
  for (const [id, owned] of managers) {
    const isOwner = owners.delete(inVersion(id, ""));
    const fields = isOwner ? owned.fields : difference(owned.fields, fieldSet([path]));
    if (!isEmpty(fields)) result.managers.set(id, { ...owned, fields });
  }
  for (const [id, { fields, applied }] of owners) {
    if (has(fields, REPLICAS_IN_SCALE)) result.managers.set(inVersion(id, apiVersion), { fields: fieldSet([path]), apiVersion, applied });
  }
  return writeManagedFields(result);
}

const inVersion = (id: string, apiVersion: string): string => managerId({ ...managerOf(id), apiVersion });

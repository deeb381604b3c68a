/**
 * Brings a set up to a schema that has changed since: who owned parts of what is now owned as a whole owns
 * the whole.
 * @see https://github.com/kubernetes-sigs/structured-merge-diff/blob/master/typed/reconcile_schema.go
 */
import type { FieldSchema } from "#api/field-schema.ts";
import { fieldSet, hasElement, isEmpty, recursiveDifference, union, withPrefix, type FieldSet, type Path } from "./field-set.ts";

/** The set itself where nothing has changed. */
export function reconcile(set: FieldSet, schema: FieldSchema): FieldSet {
  const wholes: Path[] = [];
  visit(wholes, set, schema, []);
  if (wholes.length === 0) return set;
  const owned = fieldSet(wholes);
  return union(recursiveDifference(set, owned), owned);
}

function visit(wholes: Path[], set: FieldSet, schema: FieldSchema, path: Path): void {
  const { map, scalar, list } = schema;
  for (const element in set) {
    if (element === ".") continue;
    const isField = element.startsWith("f:");
    const below = isField ? map && (map.field(element.slice(2)) ?? map.values) : map || scalar ? undefined : list?.items;
    // What the schema keeps without knowing it has no rules that could have changed.
    if (!below || (below.scalar && below.map)) continue;
    const inner = withPrefix(set, element);
    const isWhole = hasElement(set, element) && isEmpty(inner);
    const isAtomic = below.map ? below.map.atomic : !below.scalar && below.list?.type === "atomic";
    if (isWhole) continue;
    const here = [...path, element];
    if (isAtomic) wholes.push(here);
    else visit(wholes, inner, below, here);
  }
}

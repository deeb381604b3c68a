/**
 * Which fields an object gained, changed and lost.
 * @see https://github.com/kubernetes-sigs/structured-merge-diff/blob/master/typed/compare.go
 */
import { sameJson } from "#lib/json.ts";
import type { FieldSchema, ListSchema, MapSchema } from "#api/field-schema.ts";
import { FieldSetBuilder, isEmpty, recursiveDifference, type FieldSet } from "./field-set.ts";
import { fieldElement, type PathElement } from "./path-element.ts";
import { ANYTHING, fieldOf, formsOf, isEmptyList, isEmptyMap, isMap, itemElements, sameForms, type Form } from "./typed.ts";

/** No field is in more than one of the sets. */
export interface Comparison {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
}

export const isSame = ({ added, modified, removed }: Comparison): boolean => isEmpty(added) && isEmpty(modified) && isEmpty(removed);

/** The comparison without the fields that an endpoint resets, and all that is below them. */
export function ignoring({ added, modified, removed }: Comparison, fields: FieldSet): Comparison {
  return {
    added: recursiveDifference(added, fields),
    modified: recursiveDifference(modified, fields),
    removed: recursiveDifference(removed, fields),
  };
}

/** Throws a SchemaMismatch when a list's items can't be told apart. */
export function compare(schema: FieldSchema, before: unknown, after: unknown): Comparison {
  const walk = new ComparingWalk();
  walk.compare(schema, before, after);
  return walk.result();
}

class ComparingWalk {
  readonly #added = new FieldSetBuilder();
  readonly #modified = new FieldSetBuilder();
  readonly #removed = new FieldSetBuilder();
  readonly #path: PathElement[] = [];

  result(): Comparison {
    return { added: this.#added.build(), modified: this.#modified.build(), removed: this.#removed.build() };
  }

  compare(schema: FieldSchema, before: unknown, after: unknown): void {
    if (before === after) return; // most fields are scalars that stay
    const formBefore = formsOf(schema, before);
    const formAfter = formsOf(schema, after);
    let isLeaf: boolean;
    if (after === undefined) {
      isLeaf = this.#compareAs(formBefore, before, after);
    } else if (before === undefined || sameForms(formBefore, formAfter)) {
      isLeaf = this.#compareAs(formAfter, before, after);
    } else {
      this.#compareAs(formBefore, before, after);
      isLeaf = this.#compareAs(formAfter, before, after);
    }
    // The inner nodes: an object or a map that wasn't there is added along with what it holds.
    if (isLeaf) return;
    if (before === undefined) this.#added.insert(this.#path);
    else if (after === undefined) this.#removed.insert(this.#path);
  }

  /** Returns whether the value counts as a whole. */
  #compareAs({ map, scalar, list }: Form, before: unknown, after: unknown): boolean {
    if (map) return this.#compareMaps(map, before, after);
    if (scalar || !list) return this.#compareLeaves(before, after);
    return this.#compareLists(list, before, after);
  }

  #compareLeaves(before: unknown, after: unknown): true {
    if (before === undefined) this.#added.insert(this.#path);
    else if (after === undefined) this.#removed.insert(this.#path);
    else if (!sameJson(before, after)) this.#modified.insert(this.#path);
    return true;
  }

  #compareMaps(map: MapSchema, before: unknown, after: unknown): boolean {
    // That both are empty or null still is a difference between empty and null.
    if (map.atomic || (isEmptyMap(before) && isEmptyMap(after))) return this.#compareLeaves(before, after);
    const left = isMap(before) ? before : {};
    const right = isMap(after) ? after : {};
    for (const name in left) {
      const was = left[name];
      const is = Object.hasOwn(right, name) ? right[name] : undefined;
      if (was !== is) this.#descend(fieldElement(name), fieldOf(map, name) ?? ANYTHING, was, is);
    }
    for (const name in right) {
      if (!Object.hasOwn(left, name) && right[name] !== undefined) this.#descend(fieldElement(name), fieldOf(map, name) ?? ANYTHING, undefined, right[name]);
    }
    return false;
  }

  #compareLists(list: ListSchema, before: unknown, after: unknown): boolean {
    if (list.type === "atomic" || (isEmptyList(before) && isEmptyList(after))) return this.#compareLeaves(before, after);
    // Telling items apart costs more than seeing that nothing has changed.
    if (sameJson(before, after)) return false;
    const left = this.#byElement(list, before);
    const right = this.#byElement(list, after);
    for (const [element, items] of left) this.#compareItems(list, element, items, right.get(element) ?? []);
    for (const [element, items] of right) if (!left.has(element)) this.#compareItems(list, element, [], items);
    return false;
  }

  #byElement(list: ListSchema, value: unknown): Map<PathElement, unknown[]> {
    const items = Array.isArray(value) ? (value as unknown[]) : [];
    const result = new Map<PathElement, unknown[]>();
    itemElements(list, items, this.#path).forEach((element, i) => {
      const known = result.get(element);
      if (known) known.push(items[i]);
      else result.set(element, [items[i]]);
    });
    return result;
  }

  /** Items that can't be told apart are one field together. */
  #compareItems(list: ListSchema, element: PathElement, before: unknown[], after: unknown[]): void {
    const path = [...this.#path, element];
    if (before.length <= 1 && after.length <= 1) {
      this.#descend(element, list.items, before[0], after[0]);
    } else if (before.length >= 2 && after.length >= 2) {
      if (!sameJson(before, after)) this.#modified.insert(path);
    } else if (before.length >= 2) {
      if (after.length > 0) this.#descend(element, list.items, undefined, after[0]);
      this.#removed.insert(path);
    } else {
      if (before.length > 0) this.#descend(element, list.items, before[0], undefined);
      this.#added.insert(path);
    }
  }

  #descend(element: PathElement, schema: FieldSchema, before: unknown, after: unknown): void {
    this.#path.push(element);
    this.compare(schema, before, after);
    this.#path.pop();
  }
}

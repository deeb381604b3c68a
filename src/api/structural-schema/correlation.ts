/**
 * Pairs the values of an updated object with those they replace, so that what was wrong before and didn't
 * change need not be mended now (ratcheting).
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/cel/common/equality.go
 * @see https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-ratcheting
 */
import { isDeepStrictEqual } from "node:util";
import { fieldOf, isJsonObject, itemsOf, type JsonSchema } from "./json-schema.ts";

export class Correlation {
  readonly value: unknown;
  readonly old: unknown;
  readonly #schema: JsonSchema;
  readonly #children = new Map<string | number, Correlation | undefined>();
  #oldItems: Map<string, unknown> | undefined;
  #equal: boolean | undefined;

  constructor(value: unknown, old: unknown, schema: JsonSchema) {
    this.value = value;
    this.old = old;
    this.#schema = schema;
  }

  /** Whether the value is the old one. */
  get unchanged(): boolean {
    this.#equal ??= this.#compare();
    return this.#equal;
  }

  /** A field that is in both; undefined where it can't be paired. */
  field(name: string): Correlation | undefined {
    return this.#child(name, () => {
      if (!isJsonObject(this.value) || !isJsonObject(this.old) || !Object.hasOwn(this.value, name) || !Object.hasOwn(this.old, name)) return undefined;
      const schema = fieldOf(this.#schema, name);
      return schema && new Correlation(this.value[name], this.old[name], schema);
    });
  }

  /** An item of a keyed list; the items of other lists can't be paired. */
  item(index: number): Correlation | undefined {
    return this.#child(index, () => {
      const items = itemsOf(this.#schema);
      if (!items || !Array.isArray(this.value) || !Array.isArray(this.old)) return undefined;
      this.#oldItems ??= itemsByKey(this.old, this.#schema);
      const key = keyOf(this.value[index], this.#schema);
      const old = key === undefined ? undefined : this.#oldItems.get(key);
      return old === undefined ? undefined : new Correlation(this.value[index], old, items);
    });
  }

  #child(key: string | number, make: () => Correlation | undefined): Correlation | undefined {
    if (!this.#children.has(key)) this.#children.set(key, make());
    return this.#children.get(key);
  }

  #compare(): boolean {
    const { value, old } = this;
    if (isJsonObject(value) && isJsonObject(old)) {
      const names = Object.keys(value);
      return names.length === Object.keys(old).length && names.every((name) => this.field(name)?.unchanged === true);
    }
    if (Array.isArray(value) && Array.isArray(old)) {
      if (value.length !== old.length) return false;
      // Keyed lists are equal in any order.
      return isKeyed(this.#schema) ? value.every((_, i) => this.item(i)?.unchanged === true) : isDeepStrictEqual(value, old);
    }
    return isDeepStrictEqual(value, old);
  }
}

function isKeyed(schema: JsonSchema): boolean {
  return schema.type === "array" && schema["x-kubernetes-list-type"] === "map" && (schema["x-kubernetes-list-map-keys"]?.length ?? 0) > 0;
}

/** The items of a keyed list by their keys; the first of several counts. */
export function itemsByKey(items: readonly unknown[] | undefined, schema: JsonSchema): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const item of items ?? []) {
    const key = keyOf(item, schema);
    if (key !== undefined && !found.has(key)) found.set(key, item);
  }
  return found;
}

/** What identifies an item of a keyed list as one text; undefined where a key is missing or no scalar. */
export function keyOf(item: unknown, schema: JsonSchema): string | undefined {
  if (!isKeyed(schema) || !isJsonObject(item)) return undefined;
  const values = schema["x-kubernetes-list-map-keys"]!.map((key) => item[key]);
  return values.every((value) => ["string", "number", "boolean"].includes(typeof value)) ? JSON.stringify(values) : undefined;
}

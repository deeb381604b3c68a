/**
 * Merges what is applied into what is there.
 * @see https://github.com/kubernetes-sigs/structured-merge-diff/blob/master/typed/merge.go
 */
import type { FieldSchema, ListSchema, MapSchema } from "#api/field-schema.ts";
import { formatElement, type PathElement } from "./path-element.ts";
import { ANYTHING, fieldOf, formsOf, isEmptyList, isEmptyMap, itemElements, sameForms, SchemaMismatch, zipFields, type Form } from "./typed.ts";

/**
 * `live` with the fields of `config` in it: nothing is removed, what both have is as in `config`, and lists
 * are in the order of `config` where it changes them. Undefined when both are empty. The result shares parts
 * with its arguments. Throws a SchemaMismatch when `config` has items that can't be told apart.
 */
export function merge(schema: FieldSchema, live: unknown, config: unknown, path: readonly PathElement[] = []): unknown {
  const formLive = formsOf(schema, live);
  const formConfig = formsOf(schema, config);
  if (config === undefined) return mergeAs(formLive, live, config, path);
  if (live !== undefined && !sameForms(formLive, formConfig)) mergeAs(formLive, live, config, path); // for what it throws
  return mergeAs(formConfig, live, config, path);
}

function mergeAs({ map, scalar, list }: Form, live: unknown, config: unknown, path: readonly PathElement[]): unknown {
  if (map) return mergeMaps(map, live, config, path);
  if (scalar || !list) return keepConfig(live, config);
  return mergeLists(list, live, config, path);
}

const keepConfig = (live: unknown, config: unknown): unknown => (config === undefined ? live : config);

function mergeMaps(map: MapSchema, live: unknown, config: unknown, path: readonly PathElement[]): unknown {
  // Whether it is empty or null is the applier's to say.
  if (map.atomic || (isEmptyMap(live) && isEmptyMap(config))) return keepConfig(live, config);
  const result: Record<string, unknown> = {};
  zipFields(live, config, (name, left, right, element) => {
    const value = merge(fieldOf(map, name) ?? ANYTHING, left, right, [...path, element]);
    if (value !== undefined) Object.defineProperty(result, name, { value, enumerable: true, configurable: true, writable: true });
  });
  return Object.keys(result).length > 0 ? result : undefined;
}

function mergeLists(list: ListSchema, live: unknown, config: unknown, path: readonly PathElement[]): unknown {
  if (list.type === "atomic" || (isEmptyList(live) && isEmptyList(config))) return keepConfig(live, config);
  const result = mergeItems(list, asList(live), asList(config), path);
  return result.length > 0 ? result : undefined;
}

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** What has no identity of its own any more: one of several items with the same keys. */
const AMBIGUOUS = null;

/**
 * Items of either list, each once. Those of `config` keep their order, and those of `live` alone keep their
 * place between those that both have.
 */
function mergeItems(list: ListSchema, live: readonly unknown[], config: readonly unknown[], path: readonly PathElement[]): unknown[] {
  const inConfig = itemElements(list, config, path);
  const configItems = new Map<PathElement, unknown>();
  inConfig.forEach((element, i) => {
    if (configItems.has(element)) throw new SchemaMismatch([`${path.map(formatElement).join("")}: duplicate entries for key ${formatElement(element)}`]);
    configItems.set(element, config[i]);
  });
  const inLive = itemElements(list, live, path);
  const liveItems = new Map<PathElement, unknown>();
  inLive.forEach((element, i) => liveItems.set(element, liveItems.has(element) ? AMBIGUOUS : live[i]));

  const result: unknown[] = [];
  const add = (element: PathElement, left: unknown, right: unknown): void => {
    const value = merge(list.items, left, right, [...path, element]);
    if (value !== undefined) result.push(value);
  };
  const shared = inConfig.filter((element) => liveItems.has(element));
  const merged = new Set<PathElement>();
  let l = 0;
  let r = 0;
  while (l < inLive.length || r < inConfig.length) {
    const next = inLive[l];
    if (next !== undefined && r < inConfig.length) {
      if (next === inConfig[r]) {
        merged.add(next);
        add(next, liveItems.get(next), configItems.get(next));
        l++;
        r++;
        shared.shift();
        continue;
      }
      // Both have it, but its turn comes later.
      if (configItems.has(next) && shared.length > 0 && shared[0] !== next) {
        l++;
        continue;
      }
    }
    if (next !== undefined) {
      if (!configItems.has(next)) {
        add(next, live[l], undefined);
        l++;
        continue;
      }
      if (merged.has(next)) l++;
    }
    if (r < inConfig.length) {
      const element = inConfig[r]!;
      merged.add(element);
      add(element, liveItems.get(element), configItems.get(element));
      r++;
      if (shared[0] === element) shared.shift();
    }
  }
  return result;
}

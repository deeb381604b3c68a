/**
 * Sets of fields, in the very form in which managedFields store them: a tree of path elements, in which
 * a leaf is a member of the set, and an inner node is one where it has a `.`. Nothing here changes its
 * arguments, and what an operation leaves as it was is the same object afterwards.
 * @see https://github.com/kubernetes-sigs/structured-merge-diff/blob/master/fieldpath/set.go
 */
import type { FieldSchema } from "#api/field-schema.ts";
import { canonicalElement, compareElements, formatElement, type PathElement } from "./path-element.ts";

/** Elements come in order; a node without a member below it, or in it, doesn't exist. */
export interface FieldSet {
  readonly [element: PathElement]: FieldSet;
}

type Mutable = Record<PathElement, FieldSet>;

export type Path = readonly PathElement[];

export const EMPTY: FieldSet = {};
const SELF = ".";

/** Whether the field of this node is in the set, besides what is below it. */
function isMember(node: FieldSet): boolean {
  if (SELF in node) return true;
  for (const _ in node) return false;
  return true;
}

function node(member: boolean, children: FieldSet): FieldSet | undefined {
  if (isEmpty(children)) return member ? EMPTY : undefined;
  return member ? { [SELF]: EMPTY, ...children } : children;
}

export function isEmpty(set: FieldSet): boolean {
  for (const element in set) if (element !== SELF) return false;
  return true;
}

const elementsOf = (set: FieldSet): PathElement[] => Object.keys(set).filter((element) => element !== SELF);

/** A set of these paths. */
export function fieldSet(paths: Iterable<Path>): FieldSet {
  const builder = new FieldSetBuilder();
  for (const path of paths) builder.insert(path);
  return builder.build();
}

/** Collects paths in any order. */
export class FieldSetBuilder {
  readonly #root = new BuilderNode();

  /** Adds a field, but not those it is in. The empty path stands for the whole object, which nobody owns. */
  insert(path: Path): void {
    if (path.length === 0) return;
    let at = this.#root;
    for (const element of path) {
      let next = at.children.get(element);
      if (!next) {
        next = new BuilderNode();
        at.children.set(element, next);
      }
      at = next;
    }
    at.member = true;
  }

  build(): FieldSet {
    return this.#root.build();
  }
}

class BuilderNode {
  member = false;
  readonly children = new Map<PathElement, BuilderNode>();

  build(): FieldSet {
    if (this.children.size === 0) return EMPTY;
    const result: Mutable = this.member ? { [SELF]: EMPTY } : {};
    const elements = [...this.children.keys()];
    if (elements.length > 1) elements.sort(compareElements);
    for (const element of elements) result[element] = this.children.get(element)!.build();
    return result;
  }
}

/** A set that a client wrote. Throws when it is none; elements of unknown kinds are left out. */
export function parseFieldSet(fieldsV1: unknown): FieldSet {
  const builder = new FieldSetBuilder();
  const read = (value: unknown, path: PathElement[]): void => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("expected { character");
    let hasChildren = false;
    for (const [text, below] of Object.entries(value)) {
      if (text === SELF) continue;
      const element = canonicalElement(text);
      if (element === undefined) continue;
      hasChildren = true;
      read(below, [...path, element]);
    }
    if (!hasChildren || SELF in value) builder.insert(path);
  };
  read(fieldsV1, []);
  return builder.build();
}

export function has(set: FieldSet, path: Path): boolean {
  let at: FieldSet = set;
  for (const element of path) {
    const next = at[element];
    if (!next) return false;
    at = next;
  }
  return path.length > 0 && isMember(at);
}

/** What is below an element. */
export const withPrefix = (set: FieldSet, element: PathElement): FieldSet => set[element] ?? EMPTY;

/** Whether the element itself is in the set. */
export const hasElement = (set: FieldSet, element: PathElement): boolean => element in set && isMember(set[element]!);

/** What is in either. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmpty(b)) return a;
  if (isEmpty(a)) return b;
  const inA = elementsOf(a);
  const inB = elementsOf(b);
  const result: Mutable = {};
  let changed = false;
  for (let i = 0, j = 0; i < inA.length || j < inB.length; ) {
    const order = i === inA.length ? 1 : j === inB.length ? -1 : compareElements(inA[i]!, inB[j]!);
    if (order < 0) {
      const element = inA[i++]!;
      result[element] = a[element]!;
    } else if (order > 0) {
      const element = inB[j++]!;
      result[element] = b[element]!;
      changed = true;
    } else {
      const element = inA[i++]!;
      j++;
      const before = a[element]!;
      const other = b[element]!;
      const children = union(before, other);
      const member = isMember(before) || isMember(other);
      const same = member === isMember(before) && children === before;
      result[element] = same ? before : node(member, children)!;
      if (result[element] !== before) changed = true;
    }
  }
  return changed ? result : a;
}

/** What is in `a` and not in `b`. A field in `b` takes nothing below it along. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, false);
}

/** What is in `a`, without the fields of `b` and all that is below them. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, true);
}

function subtract(a: FieldSet, b: FieldSet, recursively: boolean): FieldSet {
  if (isEmpty(b)) return a;
  const result: Mutable = {};
  let changed = false;
  for (const element of elementsOf(a)) {
    const before = a[element]!;
    const other = b[element];
    let after: FieldSet | undefined = before;
    if (other) {
      const gone = isMember(other);
      if (gone && recursively) {
        after = undefined;
      } else {
        const member = isMember(before) && !gone;
        const children = subtract(before, other, recursively);
        if (member !== isMember(before) || children !== before) after = node(member, isEmpty(children) ? EMPTY : withoutSelf(children));
      }
    }
    if (after) result[element] = after;
    if (after !== before) changed = true;
  }
  return changed ? result : a;
}

function withoutSelf(set: FieldSet): FieldSet {
  if (!(SELF in set)) return set;
  const { [SELF]: _, ...children } = set;
  return children;
}

/** What is in both. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const result: Mutable = {};
  for (const element of elementsOf(a)) {
    const inA = a[element]!;
    const inB = b[element];
    const both = inB && node(isMember(inA) && isMember(inB), intersection(inA, inB));
    if (both) result[element] = both;
  }
  return result;
}

/** Every path of the set: those of one level before those below. */
export function* paths(set: FieldSet, prefix: Path = []): Generator<Path> {
  const elements = elementsOf(set);
  for (const element of elements) if (isMember(set[element]!)) yield [...prefix, element];
  for (const element of elements) yield* paths(set[element]!, [...prefix, element]);
}

/** `.spec.containers[name="app"].image` */
export const formatPath = (path: Path): string => path.map(formatElement).join("");

/** The set with every field of an object's type that leads to a member. (Keys of maps have been members all along.) */
export function withNamedFields(set: FieldSet, schema: FieldSchema | undefined): FieldSet {
  const result: Mutable = {};
  for (const element of elementsOf(set)) {
    const before = set[element]!;
    const isField = element.startsWith("f:");
    const named = isField ? schema?.map?.field(element.slice(2)) : undefined;
    const below = isField ? (named ?? schema?.map?.values) : element.startsWith("k:") ? schema?.list?.items : undefined;
    result[element] = node(isMember(before) || named !== undefined, withNamedFields(before, below))!;
  }
  return result;
}

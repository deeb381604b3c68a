/**
 * The values of CEL as evaluation sees them. An int is a bigint; a double is boxed, so that plain JSON numbers (which
 * are either) are never mistaken for one.
 */
import type { CelType } from "./types.ts";

export const MIN_INT = -(2n ** 63n);
export const MAX_INT = 2n ** 63n - 1n;
export const MAX_UINT = 2n ** 64n - 1n;

export class CelUint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

export class CelDouble {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

export class CelBytes {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** A point in time. The offset of the text it was read from is kept, for the text it is written as. */
export class CelTimestamp {
  readonly epochNanos: bigint;
  readonly offsetSeconds: number;
  constructor(epochNanos: bigint, offsetSeconds = 0) {
    this.epochNanos = epochNanos;
    this.offsetSeconds = offsetSeconds;
  }
}

export class CelDuration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** A type as a value, as in `type(x) == int`: equal by name. */
export class CelTypeValue {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export class CelOptional {
  static readonly NONE = new CelOptional(undefined);
  readonly value: CelValue | undefined;
  constructor(value: CelValue | undefined) {
    this.value = value;
  }
}

/** A value of a library, such as a quantity: opaque but to the library's own functions. */
export abstract class CelOpaque {
  abstract readonly type: CelType & { readonly kind: "opaque" };
  abstract equals(other: CelOpaque): boolean;
  /** As functions charge for it: most count as one. */
  size(): number {
    return 1;
  }
  /** About how many steps it takes to compare it. */
  weight(): number {
    return 1;
  }
}

export abstract class CelList {
  /** How the list compares and adds; in order, unless its schema says otherwise. */
  readonly listType: "set" | "map" | undefined = undefined;
  readonly mapKeys: readonly string[] = [];
  abstract readonly size: number;
  /** The element at an index within the size. An element can be an error, when the data is not what its schema says. */
  abstract at(index: number): Result;

  *[Symbol.iterator](): Generator<Result> {
    for (let index = 0; index < this.size; index++) yield this.at(index);
  }
}

/** A list literal, or what a macro or a function built. */
export class CelArray extends CelList {
  readonly elements: CelValue[];

  constructor(elements: CelValue[]) {
    super();
    this.elements = elements;
  }

  override get size(): number {
    return this.elements.length;
  }

  override at(index: number): CelValue {
    return this.elements[index]!;
  }
}

/** The list that a macro fills, in place: nobody else sees it before it is full. */
export class GrowingList extends CelArray {
  constructor() {
    super([]);
  }
}

/** Two lists one after the other, not copied: adding lists costs next to nothing, however long they are. */
export class CelConcatenation extends CelList {
  readonly #first: CelList;
  readonly #second: CelList;
  override readonly size: number;

  constructor(first: CelList, second: CelList) {
    super();
    this.#first = first;
    this.#second = second;
    this.size = first.size + second.size;
  }

  override at(index: number): Result {
    return index < this.#first.size ? this.#first.at(index) : this.#second.at(index - this.#first.size);
  }
}

export abstract class CelMap {
  abstract readonly size: number;
  abstract keys(): Iterable<CelValue>;
  /** The value of a key; undefined when there is none. */
  abstract find(key: CelValue): Result | undefined;
}

/** A map literal, or what a macro built. */
export class CelEntries extends CelMap {
  readonly #entries = new Map<string, [key: CelValue, value: CelValue]>();

  override get size(): number {
    return this.#entries.size;
  }

  override *keys(): Generator<CelValue> {
    for (const [key] of this.#entries.values()) yield key;
  }

  /** Numbers of different types that are equal are the same key to those who look for one. */
  override find(key: CelValue): CelValue | undefined {
    for (const name of keyNames(key)) {
      const entry = this.#entries.get(name);
      if (entry) return entry[1];
    }
    return undefined;
  }

  set(key: CelValue, value: CelValue): void {
    this.#entries.set(keyNames(key)[0]!, [key, value]);
  }

  delete(key: CelValue): void {
    this.#entries.delete(keyNames(key)[0]!);
  }
}

/** Whether a value can be the key of a map literal. */
export function isMapKey(value: CelValue): boolean {
  return keyNames(value).length > 0;
}

/** The key's own name, then those of equal numbers of other types. */
function keyNames(key: CelValue): string[] {
  if (typeof key === "string") return [`s${key}`];
  if (typeof key === "boolean") return [`b${key}`];
  if (typeof key === "bigint") return [`i${key}`, `u${key}`];
  if (key === null) return ["null"];
  if (key instanceof CelUint) return [`u${key.value}`, `i${key.value}`];
  if (!(key instanceof CelDouble)) return [];
  return Number.isInteger(key.value) ? [`d${key.value}`, `i${BigInt(key.value)}`, `u${BigInt(key.value)}`] : [`d${key.value}`];
}

/** An object that an expression constructed: `Object{...}` or `JSONPatch{...}`. */
export class CelStruct {
  readonly typeName: string;
  readonly fields: ReadonlyMap<string, CelValue>;
  constructor(typeName: string, fields: ReadonlyMap<string, CelValue>) {
    this.typeName = typeName;
    this.fields = fields;
  }
}

export type CelValue =
  | boolean | bigint | string | null
  | CelUint | CelDouble | CelBytes | CelTimestamp | CelDuration | CelTypeValue | CelOptional | CelOpaque | CelList | CelMap | CelStruct;

/** An error as a result: `&&`, `||` and quantifiers may absorb it. */
export class CelError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export type Result = CelValue | CelError;

export const NO_SUCH_OVERLOAD = new CelError("no such overload");

/** A value that is one already, not plain JSON. */
export function isCelObject(value: object): value is Exclude<CelValue, boolean | bigint | string | null> {
  return value instanceof CelList || value instanceof CelMap || value instanceof CelOpaque || value instanceof CelStruct || value instanceof CelOptional
    || value instanceof CelUint || value instanceof CelDouble || value instanceof CelBytes || value instanceof CelTimestamp || value instanceof CelDuration
    || value instanceof CelTypeValue;
}

/** What `type(value)` is called. */
export function typeNameOf(value: CelValue): string {
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int";
  if (typeof value === "string") return "string";
  if (value === null) return "null_type";
  if (value instanceof CelList) return "list";
  if (value instanceof CelMap) return "map";
  if (value instanceof CelDouble) return "double";
  if (value instanceof CelUint) return "uint";
  if (value instanceof CelBytes) return "bytes";
  if (value instanceof CelTimestamp) return "google.protobuf.Timestamp";
  if (value instanceof CelDuration) return "google.protobuf.Duration";
  if (value instanceof CelTypeValue) return "type";
  if (value instanceof CelOptional) return "optional_type";
  return value instanceof CelStruct ? value.typeName : value.type.name;
}

/** What messages of cel-go call a value's type in its own code. */
export function goTypeNameOf(value: CelValue): string {
  const name = typeNameOf(value).replace(/^google\.protobuf\./, "").replace(/_type$/, "");
  return `types.${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/** Whether nothing was said: `optional.ofNonZeroValue` makes none of it. */
export function isZeroValue(value: CelValue): boolean {
  if (value === null || value === false || value === 0n || value === "") return true;
  if (value instanceof CelList || value instanceof CelMap) return value.size === 0;
  if (value instanceof CelDouble) return value.value === 0;
  if (value instanceof CelUint) return value.value === 0n;
  if (value instanceof CelBytes) return value.bytes.length === 0;
  if (value instanceof CelDuration) return value.nanos === 0n;
  if (value instanceof CelTimestamp) return value.epochNanos === -62_135_596_800_000_000_000n;
  if (value instanceof CelOptional) return value.value === undefined || isZeroValue(value.value);
  return value instanceof CelStruct && value.fields.size === 0;
}

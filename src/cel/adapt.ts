/** Plain JSON as values of CEL, looked at only where an expression looks; and back. */
import { CelEvaluationError } from "./errors.ts";
import { unescapeIdentifier } from "./escaping.ts";
import { LazyFields } from "./lazy.ts";
import { formatDuration, formatTimestamp, parseDate, parseDuration, parseTimestamp } from "./time.ts";
import { DYN, type CelType, type ListType, type ObjectType } from "./types.ts";
import {
  CelBytes, CelDouble, CelDuration, CelError, CelList, CelMap, CelOpaque, CelOptional, CelStruct, CelTimestamp, CelTypeValue, CelUint, isCelObject, NO_SUCH_OVERLOAD,
  typeNameOf, type CelValue, type Result,
} from "./values.ts";

/** Whole numbers up to here are ints where no type is declared. */
const INT_BOUND = 2 ** 63;

/** Reads plain JSON, or a value of CEL, as the declared type. What doesn't fit is an error when it's looked at. */
export function adapt(value: unknown, type: CelType): Result {
  if (value === null || value === undefined) return null;
  if (typeof value === "object") {
    if (value instanceof LazyFields) return new LazyObject(value);
    if (isCelObject(value)) return value;
  }
  switch (type.kind) {
    case "simple":
      return adaptSimple(value, type.name, type.format);
    case "list":
      return Array.isArray(value) ? new JsonList(value, type) : mismatch("an array for the provided schema with type=array", value);
    case "map":
      return isJsonObject(value) ? new JsonMap(value, type.value, true) : mismatch("a map for the provided schema with type=object", value);
    case "object":
      return isJsonObject(value) ? new JsonObject(value, type) : mismatch("a map for the provided schema with type=object", value);
    case "optional":
      return wrapped(adapt(value, type.element));
    case "type":
    case "opaque":
    case "parameter":
      return adaptDynamic(value);
  }
}

function wrapped(value: Result): Result {
  return value instanceof CelError ? value : new CelOptional(value);
}

function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mismatch(expected: string, value: unknown): CelError {
  return new CelError(`invalid data, expected ${expected}${expected.includes(" for ") ? "" : `, got ${goTypeOf(value)}`}`);
}

function goTypeOf(value: unknown): string {
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  return typeof value === "boolean" ? "bool" : typeof value === "string" ? "string" : "map[string]interface {}";
}

function adaptSimple(value: unknown, name: string, format: "date" | undefined): Result {
  switch (name) {
    case "string":
      return typeof value === "string" ? value : mismatch("string", value);
    case "bool":
      return typeof value === "boolean" ? value : mismatch("bool", value);
    case "int":
      return typeof value === "bigint" ? value : Number.isInteger(value) ? BigInt(value as number) : mismatch("int", value);
    case "uint":
      return Number.isInteger(value) && (value as number) >= 0 ? new CelUint(BigInt(value as number)) : mismatch("uint", value);
    case "double":
      return typeof value === "number" ? new CelDouble(value) : mismatch("float", value);
    case "bytes":
      return typeof value === "string" ? adaptBytes(value) : mismatch("string", value);
    case "timestamp":
      return typeof value === "string" ? adaptTimestamp(value, format) : mismatch("string", value);
    case "duration":
      return typeof value === "string" ? adaptDuration(value) : mismatch("string", value);
    default:
      return adaptDynamic(value);
  }
}

function adaptDynamic(value: unknown): Result {
  if (typeof value === "string" || typeof value === "boolean" || typeof value === "bigint") return value;
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) < INT_BOUND ? BigInt(value) : new CelDouble(value);
  return Array.isArray(value) ? new JsonList(value, undefined) : new JsonMap(value as Record<string, unknown>, DYN, false);
}

/** Base64, in the alphabet for URLs or the usual one. */
function adaptBytes(text: string): Result {
  const valid = text.length % 4 === 0 && /^[A-Za-z0-9+/_-]*={0,2}$/.test(text);
  return valid ? new CelBytes(Buffer.from(text, "base64")) : new CelError(`Invalid byte formatted string ${text}: illegal base64 data`);
}

function adaptTimestamp(text: string, format: "date" | undefined): Result {
  // A date-time without an offset is in UTC.
  const parsed = format === "date" ? parseDate(text) : (parseTimestamp(text) ?? parseTimestamp(`${text}Z`));
  if (parsed) return new CelTimestamp(parsed.epochNanos, parsed.offsetSeconds);
  return new CelError(`Invalid ${format ?? "date-time"} formatted string ${text}`);
}

const SPELLED_UNITS: [pattern: RegExp, nanos: bigint][] = [
  [/^(?:ns|nano)/, 1n], [/^(?:us|µs|micro)/, 1000n], [/^(?:ms|milli)/, 1_000_000n], [/^(?:s$|sec)/, 1_000_000_000n], [/^(?:m$|min)/, 60_000_000_000n],
  [/^(?:h$|hr$|hour)/, 3_600_000_000_000n], [/^(?:d$|day)/, 86_400_000_000_000n], [/^(?:w$|wk$|week)/, 604_800_000_000_000n],
];

/** Go's notation, or numbers with units as one writes them: `3 days`. */
function adaptDuration(text: string): Result {
  const nanos = parseDuration(text);
  if (nanos !== undefined) return new CelDuration(nanos);
  let total: bigint | undefined;
  for (const [, count, unit] of text.matchAll(/(\d{1,18})\s*([A-Za-zµ]+)/g)) {
    const known = SPELLED_UNITS.find(([pattern]) => pattern.test(unit!.toLowerCase()));
    if (known) total = (total ?? 0n) + BigInt(count!) * known[1];
  }
  return total === undefined ? new CelError(`Invalid duration ${text}: unable to parse ${text} as duration`) : new CelDuration(total);
}

class JsonList extends CelList {
  override readonly listType: "set" | "map" | undefined;
  override readonly mapKeys: readonly string[];
  readonly #items: readonly unknown[];
  readonly #element: CelType;
  /** What was looked at, so that looking again costs nothing. */
  readonly #adapted: (Result | undefined)[] = [];

  constructor(items: readonly unknown[], type: ListType | undefined) {
    super();
    this.#items = items;
    this.#element = type?.element ?? DYN;
    this.listType = type?.listType;
    this.mapKeys = type?.mapKeys ?? [];
  }

  override get size(): number {
    return this.#items.length;
  }

  override at(index: number): Result {
    const known = this.#adapted[index];
    if (known !== undefined) return known;
    const element = adapt(this.#items[index], this.#element);
    if (typeof element === "object") this.#adapted[index] = element;
    return element;
  }

  plain(): readonly unknown[] {
    return this.#items;
  }
}

abstract class JsonFields extends CelMap {
  protected readonly json: Record<string, unknown>;
  readonly #adapted = new Map<string, Result>();
  #keys: string[] | undefined;

  constructor(json: Record<string, unknown>) {
    super();
    this.json = json;
  }

  override get size(): number {
    return this.jsonKeys().length;
  }

  protected jsonKeys(): string[] {
    return (this.#keys ??= Object.keys(this.json));
  }

  protected adapted(key: string, type: CelType): Result {
    const known = this.#adapted.get(key);
    if (known !== undefined) return known;
    const value = adapt(this.json[key], type);
    if (typeof value === "object") this.#adapted.set(key, value);
    return value;
  }

  plain(): Record<string, unknown> {
    return this.json;
  }
}

/** An object whose keys are data. */
class JsonMap extends JsonFields {
  readonly #value: CelType;
  /** A schema says that it is a map: then what isn't a string can't be asked for. */
  readonly #declared: boolean;

  constructor(json: Record<string, unknown>, value: CelType, declared: boolean) {
    super(json);
    this.#value = value;
    this.#declared = declared;
  }

  override keys(): Iterable<CelValue> {
    return this.jsonKeys();
  }

  override find(key: CelValue): Result | undefined {
    if (typeof key !== "string") return this.#declared ? NO_SUCH_OVERLOAD : undefined;
    return Object.hasOwn(this.json, key) ? this.adapted(key, this.#value) : undefined;
  }
}

/** An object with declared fields. A field that is null counts as absent. */
class JsonObject extends JsonFields {
  readonly #type: ObjectType;

  constructor(json: Record<string, unknown>, type: ObjectType) {
    super(json);
    this.#type = type;
  }

  override *keys(): Generator<CelValue> {
    for (const key of this.jsonKeys()) {
      const name = this.#type.nameOf(key);
      if (name !== undefined && this.#type.field(name) !== undefined) yield name;
    }
  }

  override find(key: CelValue): Result | undefined {
    if (typeof key !== "string") return NO_SUCH_OVERLOAD;
    const name = this.#type.escaped ? unescapeIdentifier(key) : key;
    const type = this.#type.field(key);
    if (name === undefined || type === undefined || !Object.hasOwn(this.json, name) || this.json[name] === null || this.json[name] === undefined) return undefined;
    return this.adapted(name, type);
  }
}

/** An object whose fields the host computes when they are read, once. */
class LazyObject extends CelMap {
  readonly #source: LazyFields;
  readonly #resolved = new Map<string, Result>();

  constructor(source: LazyFields) {
    super();
    this.#source = source;
  }

  override get size(): number {
    return Object.keys(this.#source.fields).length;
  }

  override keys(): Iterable<CelValue> {
    return Object.keys(this.#source.fields);
  }

  override find(key: CelValue): Result | undefined {
    if (typeof key !== "string") return NO_SUCH_OVERLOAD;
    const type = Object.hasOwn(this.#source.fields, key) ? this.#source.fields[key] : undefined;
    if (type === undefined) return undefined;
    let value = this.#resolved.get(key);
    if (value === undefined) {
      value = this.#resolve(key, type);
      this.#resolved.set(key, value);
    }
    return value;
  }

  #resolve(name: string, type: CelType): Result {
    try {
      return adapt(this.#source.resolve(name), type);
    } catch (error) {
      if (error instanceof CelEvaluationError) return new CelError(error.message);
      throw error;
    }
  }
}

/** More parts than any request can have: what an expression multiplied out to is not written out. */
const MAX_PLAIN_PARTS = 500_000;

/**
 * A value as plain JSON: numbers, strings, booleans, null, arrays and objects. Throws an Error for what has no such form
 * (a quantity, a URL) and for what is too large.
 */
export function toPlain(value: Result): unknown {
  let parts = 0;
  return plain(value);

  function plain(part: Result): unknown {
    if (++parts > MAX_PLAIN_PARTS) throw new Error("the value is too large to be written out");
    if (part === null || typeof part === "string" || typeof part === "boolean") return part;
    if (typeof part === "bigint") return Number(part);
    if (part instanceof CelDouble) return part.value;
    if (part instanceof CelUint) return Number(part.value);
    if (part instanceof CelBytes) return Buffer.from(part.bytes).toString("base64");
    if (part instanceof CelTimestamp) return formatTimestamp(part.epochNanos, part.offsetSeconds);
    if (part instanceof CelDuration) return formatDuration(part.nanos);
    if (part instanceof JsonList || part instanceof JsonFields) return part.plain();
    if (part instanceof CelList) return Array.from(part, plain);
    if (part instanceof CelMap) return Object.fromEntries(Array.from(part.keys(), (key) => [property(key), plain(part.find(key) ?? null)]));
    if (part instanceof CelStruct) return Object.fromEntries(Array.from(part.fields, ([name, field]) => [name, plain(field)]));
    if (part instanceof CelOptional) return part.value === undefined ? null : plain(part.value);
    if (part instanceof CelTypeValue) return part.name;
    throw new Error(part instanceof CelOpaque ? `a ${part.type.name} has no JSON form` : part.message);
  }
}

function property(key: CelValue): string {
  if (typeof key !== "string") throw new Error(`unsupported type conversion from '${typeNameOf(key)}' to string`);
  return key;
}

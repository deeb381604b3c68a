/**
 * One step of a path to a field, in the form that managedFields write it: `f:spec` is a field or a map's
 * key, `k:{"name":"app"}` an item of a list by its keys, `v:"x"` an item of a set, `i:0` one by its index.
 * @see https://github.com/kubernetes-sigs/structured-merge-diff/blob/master/fieldpath/serialize-pe.go
 */
export type PathElement = string;

export const fieldElement = (name: string): PathElement => `f:${name}`;

/** A set's item. */
export const valueElement = (value: unknown): PathElement => `v:${encode(value)}`;

/** A keyed item; the fields come in any order. */
export function keyElement(fields: readonly (readonly [string, unknown])[]): PathElement {
  const sorted = fields.length < 2 ? fields : fields.toSorted(([a], [b]) => compareText(a, b));
  return `k:{${sorted.map(([name, value]) => `${JSON.stringify(name)}:${encode(value)}`).join(",")}}`;
}

/** JSON as Go writes it: what could end a script element is escaped. */
function encode(value: unknown): string {
  const text = JSON.stringify(value);
  return /[<>&\u2028\u2029]/.test(text) ? text.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`) : text;
}

/** An element that a client wrote, as this server writes it; undefined for kinds of elements yet to be invented. Throws on what is none. */
export function canonicalElement(text: string): PathElement | undefined {
  if (text.length < 2) throw new Error("key must be 2 characters long:");
  if (text[1] !== ":") throw new Error(`missing colon: ${text}`);
  const content = text.slice(2);
  switch (text[0]) {
    case "f":
      return text;
    case "v":
      return valueElement(JSON.parse(content));
    case "k": {
      const fields: unknown = JSON.parse(content);
      if (typeof fields !== "object" || fields === null || Array.isArray(fields)) throw new Error(`expected an object: ${content}`);
      return keyElement(Object.entries(fields));
    }
    case "i":
      if (!/^[+-]?\d+$/.test(content)) throw new Error(`strconv.Atoi: parsing ${JSON.stringify(content)}: invalid syntax`);
      return `i:${Number(content)}`;
    case undefined:
    default:
      return undefined;
  }
}

/** For people: `.spec`, `[name="app"]`, `[="x"]`. */
export function formatElement(element: PathElement): string {
  const content = element.slice(2);
  switch (element[0]) {
    case "k":
      return `[${keysOf(content).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}]`;
    case "v":
      return `[=${JSON.stringify(JSON.parse(content))}]`;
    case "i":
      return `[${content}]`;
    case undefined:
    default:
      return `.${content}`;
  }
}

const RANK: Record<string, number> = { f: 0, k: 1, v: 2, i: 3 };

/** Fields before keys before values before indices, each in its own order. */
export function compareElements(a: PathElement, b: PathElement): number {
  if (a === b) return 0;
  const kind = a[0]!;
  if (kind !== b[0]) return RANK[kind]! - RANK[b[0]!]!;
  if (kind === "f") return compareText(a, b);
  if (kind === "k") return compareKeys(keysOf(a.slice(2)), keysOf(b.slice(2)));
  return compareValues(JSON.parse(a.slice(2)), JSON.parse(b.slice(2)));
}

function keysOf(content: string): [string, unknown][] {
  return Object.entries(JSON.parse(content) as object);
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function compareKeys(a: [string, unknown][], b: [string, unknown][]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const [nameA, valueA] = a[i]!;
    const [nameB, valueB] = b[i]!;
    const order = compareText(nameA, nameB) || compareValues(valueA, valueB);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Numbers before strings before booleans; other values don't identify anything. */
function compareValues(a: unknown, b: unknown): number {
  const rank = (value: unknown): number => (typeof value === "number" ? 0 : typeof value === "string" ? 1 : typeof value === "boolean" ? 2 : 3);
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (typeof a === "string") return compareText(a, b as string);
  return Number(a) - Number(b);
}

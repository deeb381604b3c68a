/**
 * Label and field selectors: parsing and matching.
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
export type Operator = "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt";

export interface Requirement {
  key: string;
  operator: Operator;
  values: string[];
}

/** Thrown by the parsers; the message names the selector and what was expected. */
export class SelectorError extends Error {}

/** The `LabelSelector` of an object's spec. */
export interface LabelSelectorLike {
  matchLabels?: Record<string, string> | undefined;
  matchExpressions?: { key: string; operator: string; values?: string[] | undefined }[] | undefined;
}

/** Requirements of a spec's selector. A missing selector matches nothing (undefined), an empty one everything ([]). */
export function fromLabelSelector(selector: LabelSelectorLike | undefined): Requirement[] | undefined {
  if (!selector) return undefined;
  const requirements: Requirement[] = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: "In",
    values: [value],
  }));
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    if (!["In", "NotIn", "Exists", "DoesNotExist"].includes(operator)) {
      throw new SelectorError(`"${operator}" is not a valid label selector operator`);
    }
    requirements.push({ key, operator: operator as Operator, values: values ?? [] });
  }
  return requirements;
}

/** Whether labels satisfy all requirements; undefined requirements (no selector) match nothing. */
export function matches(requirements: Requirement[] | undefined, labels: Record<string, string> | undefined): boolean {
  if (!requirements) return false;
  return requirements.every((requirement) => matchesOne(requirement, valueOf(labels, requirement.key)));
}

/** A key may also be the name of something every object inherits: `constructor`. */
function valueOf(labels: Record<string, string> | undefined, key: string): string | undefined {
  return labels && Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function matchesOne({ operator, values }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return isInteger(value) && isInteger(values[0]) && BigInt(value) > BigInt(values[0]);
    case "Lt":
      return isInteger(value) && isInteger(values[0]) && BigInt(value) < BigInt(values[0]);
  }
}

function isInteger(text: string | undefined): text is string {
  return text !== undefined && /^-?\d+$/.test(text);
}

/** Whether a Service-style map selector matches; an empty or missing one selects nothing. */
export function matchesMap(selector: Record<string, string> | undefined, labels: Record<string, string> | undefined): boolean {
  const entries = Object.entries(selector ?? {});
  return entries.length > 0 && entries.every(([key, value]) => valueOf(labels, key) === value);
}

/** An optional DNS name as prefix, and a name. */
const KEY = /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const MAX_NAME = 63;

/** Parses the `labelSelector` query parameter: `a=b,c!=d,e in (f,g),!h,i>3`. */
export function parseLabelSelector(text: string): Requirement[] {
  const requirements: Requirement[] = [];
  for (const part of splitTop(text, "parentheses")) {
    const set = /^\s*(\S+)\s+(in|notin)\s*\(([^()]*)\)\s*$/.exec(part);
    const compared = /^\s*([^\s=!<>()]+)\s*(==|=|!=|>|<)\s*([^\s=!<>()]*)\s*$/.exec(part);
    const bare = /^\s*(!?)\s*([^\s=!<>()]+)\s*$/.exec(part);
    if (set) {
      const values = set[3]!.split(",").map((value) => value.trim());
      requirements.push(requirement(text, set[1]!, set[2] === "in" ? "In" : "NotIn", values));
    } else if (compared) {
      const operator = { "=": "In", "==": "In", "!=": "NotIn", ">": "Gt", "<": "Lt" }[compared[2]!] as Operator;
      requirements.push(requirement(text, compared[1]!, operator, [compared[3]!]));
    } else if (bare) {
      requirements.push(requirement(text, bare[2]!, bare[1] ? "DoesNotExist" : "Exists", []));
    } else {
      throw new SelectorError(`unable to parse requirement: found '${part.trim()}' in selector '${text}'`);
    }
  }
  return requirements;
}

function requirement(text: string, key: string, operator: Operator, values: string[]): Requirement {
  const name = key.includes("/") ? key.slice(key.indexOf("/") + 1) : key;
  if (!KEY.test(key) || name.length > MAX_NAME) throw new SelectorError(`unable to parse requirement: invalid label key "${key}" in selector '${text}'`);
  if ((operator === "Gt" || operator === "Lt") && !isInteger(values[0])) {
    throw new SelectorError(`unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer, got "${values[0]}"`);
  }
  for (const value of values) {
    if (value !== "" && (value.length > MAX_NAME || !/^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(value))) {
      throw new SelectorError(`unable to parse requirement: invalid label value: "${value}" in selector '${text}'`);
    }
  }
  return { key, operator, values: [...new Set(values)] };
}

/** Parses the `fieldSelector` query parameter: `a.b=c,d!=e`. Values may escape `,`, `=` and `\` with a backslash. */
export function parseFieldSelector(text: string): Requirement[] {
  return splitTop(text, "flat").map((part) => {
    const parsed = /^([^=!\\]+)(==|=|!=)((?:[^\\=]|\\[\\,=])*)$/.exec(part.trim());
    if (!parsed) throw new SelectorError(`invalid selector: '${text}'; can't understand '${part.trim()}'`);
    const operator: Operator = parsed[2] === "!=" ? "NotIn" : "In";
    return { key: parsed[1]!, operator, values: [parsed[3]!.replace(/\\(.)/g, "$1")] };
  });
}

/** Whether the named fields of an object satisfy a field selector; a missing field counts as the empty string. */
export function matchesFields(requirements: Requirement[], fields: Record<string, string>): boolean {
  return requirements.every((requirement) => matchesOne(requirement, fields[requirement.key] ?? ""));
}

/** The selector as text, as clients send it. */
export function formatLabelSelector(requirements: Requirement[]): string {
  return requirements
    .map(({ key, operator, values }) => {
      if (operator === "Exists") return key;
      if (operator === "DoesNotExist") return `!${key}`;
      if (operator === "Gt" || operator === "Lt") return `${key}${operator === "Gt" ? ">" : "<"}${values[0]}`;
      if (values.length === 1) return `${key}${operator === "In" ? "=" : "!="}${values[0]}`;
      return `${key} ${operator === "In" ? "in" : "notin"} (${[...values].sort().join(",")})`;
    })
    .join(",");
}

/** Splits at commas that are not escaped, nor inside parentheses where those mean something. Throws on an empty part. */
function splitTop(text: string, nesting: "parentheses" | "flat"): string[] {
  if (text.trim() === "") return [];
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === "\\") i++;
    else if (c === "(" && nesting === "parentheses") depth++;
    else if (c === ")" && nesting === "parentheses") depth--;
    else if (c === "," && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  if (nesting === "flat") return parts.filter((part) => part !== "");
  if (parts.some((part) => part.trim() === "")) throw new SelectorError(`unable to parse requirement: found '', expected: identifier, in selector '${text}'`);
  return parts;
}

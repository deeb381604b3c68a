/**
 * The formats of names and labels. Each check returns what is wrong with a value, in Kubernetes' words; nothing when it
 * is right.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/validation.go
 */
export type Problems = string[];

export const maxLength = (length: number): string => `must be no more than ${length} characters`;

/** The two blanks between examples are upstream's. */
export function mismatch(rule: string, examples: string[], pattern: string): string {
  return `${rule} (e.g. ${examples.map((example) => `'${example}'`).join(",  or ")}, regex used for validation is '${pattern}')`;
}

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
/** As it's shown: see isSubdomain. */
export const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
const KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

/**
 * As the patterns above, but never going back over the value: theirs take quadratic time on long ones. A label begins
 * and ends with an alphanumeric character; a subdomain is labels between dots.
 */
const isLabel = (value: string): boolean => /^[a-z0-9][-a-z0-9]*$/.test(value) && !value.endsWith("-");
export const isSubdomain = (value: string): boolean => value.split(".").every(isLabel);
const isKey = (value: string): boolean => /^[A-Za-z0-9][-A-Za-z0-9_.]*$/.test(value) && /[A-Za-z0-9]$/.test(value);

export function dns1123Label(value: string): Problems {
  const problems = value.length > 63 ? [maxLength(63)] : [];
  if (isLabel(value)) return problems;
  if (isSubdomain(value)) return [...problems, "must not contain dots"];
  const rule = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
  return [...problems, mismatch(rule, ["my-name", "123-abc"], LABEL)];
}

export function dns1123Subdomain(value: string): Problems {
  const problems = value.length > 253 ? [maxLength(253)] : [];
  const rule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
  return isSubdomain(value) ? problems : [...problems, mismatch(rule, ["example.com"], SUBDOMAIN)];
}

export function dns1035Label(value: string): Problems {
  const problems = value.length > 63 ? [maxLength(63)] : [];
  const rule = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
  return isLabel(value) && /^[a-z]/.test(value) ? problems : [...problems, mismatch(rule, ["my-name", "abc-123"], LABEL_1035)];
}

const KEY_RULE = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const KEY_EXAMPLES = ["MyName", "my.name", "123-abc"];

/** A label key, which is also the form of condition types and resource names: `app`, `example.com/app`. */
export function qualifiedName(value: string): Problems {
  const parts = value.split("/");
  if (parts.length > 2) return [`a valid label key ${mismatch(KEY_RULE, KEY_EXAMPLES, KEY)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  const name = parts.at(-1)!;
  const prefix = parts.length === 2 ? parts[0]! : undefined;
  const problems: Problems = [];
  if (prefix === "") problems.push("prefix part must be non-empty");
  else if (prefix !== undefined) problems.push(...dns1123Subdomain(prefix).map((problem) => `prefix part ${problem}`));
  if (name === "") problems.push("name part must be non-empty");
  else if (name.length > 63) problems.push(`name part ${maxLength(63)}`);
  if (!isKey(name)) problems.push(`name part ${mismatch(KEY_RULE, KEY_EXAMPLES, KEY)}`);
  return problems;
}

export function labelValue(value: string): Problems {
  const problems = value.length > 63 ? [maxLength(63)] : [];
  if (value === "" || isKey(value)) return problems;
  const rule = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  return [...problems, mismatch(rule, ["MyValue", "my_value", "12345"], `(${KEY})?`)];
}

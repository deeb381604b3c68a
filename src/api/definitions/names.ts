/**
 * The formats of names, labels, keys and ports. Each check returns what is wrong with a value, in
 * Kubernetes' words; nothing when it is right.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/validation.go
 */
import { formatAddress, formatRange, isInRange, isMapped, parseAddress, parseRange } from "#lib/ip.ts";
import { dns1123Label, dns1123Subdomain, isSubdomain, labelValue, maxLength, mismatch, qualifiedName, SUBDOMAIN, type Problems } from "#lib/names.ts";
import type { FieldError } from "../errors.ts";
import { invalid, invalidFor, required } from "./field-errors.ts";

export { dns1035Label, dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from "#lib/names.ts";

const range = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`;

const SEARCH_LABEL = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const SEARCH_NAME = `${SEARCH_LABEL}(\\.${SEARCH_LABEL})*`;
const CONFIG_KEY = "[-._a-zA-Z0-9]+";
const HEADER = "[-A-Za-z0-9]+";
const PERCENT = "[0-9]+%";

const whole = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`);
const SEARCH_NAME_EXP = whole(SEARCH_NAME);
const CONFIG_KEY_EXP = whole(CONFIG_KEY);

/** A name that resolvers may append: labels may have underscores, as those of services do (`_http._tcp`). */
export function dnsSearchName(value: string): Problems {
  const problems = value.length > 253 ? [maxLength(253)] : [];
  const rule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character";
  return SEARCH_NAME_EXP.test(value) ? problems : [...problems, mismatch(rule, ["example.com"], SEARCH_NAME)];
}

/** A subdomain below any label: `*.example.com`. */
export function wildcardDns1123Subdomain(value: string): Problems {
  const pattern = `\\*\\.${SUBDOMAIN}`;
  if (value.startsWith("*.") && isSubdomain(value.slice(2))) return [];
  const rule = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
  return [mismatch(rule, ["*.example.com"], pattern)];
}

export function validateLabels(labels: Record<string, string> | undefined, field: string): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...invalidFor(field, key, qualifiedName(key)),
    ...invalidFor(field, value, labelValue(value)),
  ]);
}

/** A key of a ConfigMap or Secret, which becomes a file's name. */
export function configMapKey(value: string): Problems {
  const problems = value.length > 253 ? [maxLength(253)] : [];
  if (!CONFIG_KEY_EXP.test(value)) {
    const rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    problems.push(mismatch(rule, ["key.name", "KEY_NAME", "key-name"], CONFIG_KEY));
  }
  if (value === "." || value === "..") problems.push(`must not be '${value}'`);
  else if (value.startsWith("..")) problems.push("must not start with '..'");
  return problems;
}

export function conditionReason(value: string): Problems {
  const pattern = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?";
  if (whole(pattern).test(value)) return [];
  const rule = "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'";
  return [mismatch(rule, ["my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB"], pattern)];
}

export function envVarName(value: string): Problems {
  return /^[ -<>-~]+$/.test(value) ? [] : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

export function httpHeaderName(value: string): Problems {
  return whole(HEADER).test(value) ? [] : [mismatch("a valid HTTP header must consist of alphanumeric characters or '-'", ["X-Header-Name"], HEADER)];
}

export function percent(value: string): Problems {
  const rule = "a valid percent string must be a numeric string followed by an ending '%'";
  return whole(PERCENT).test(value) ? [] : [mismatch(rule, ["1%", "93%"], PERCENT)];
}

export function portNumber(value: number): Problems {
  return value >= 1 && value <= 65535 ? [] : [range(1, 65535)];
}

/** A user or group id. */
export function unixId(value: number): Problems {
  return value >= 0 && value <= 2147483647 ? [] : [range(0, 2147483647)];
}

/** Seconds that must be positive and fit 32 bits. */
export function positiveSeconds(value: number): Problems {
  return value >= 1 && value <= 2147483647 ? [] : [range(1, 2147483647)];
}

/** An IANA service name, as container ports have. */
export function portName(value: string): Problems {
  const problems: Problems = [];
  if (value.length > 15) problems.push(maxLength(15));
  if (!/^[-a-z0-9]+$/.test(value)) problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!/[a-z]/.test(value)) problems.push("must contain at least one letter (a-z)");
  if (value.includes("--")) problems.push("must not contain consecutive hyphens");
  if (value.startsWith("-") || value.endsWith("-")) problems.push("must not begin or end with a hyphen");
  return problems;
}

/** An absent port counts as 0. */
export function validatePortNumber(field: string, port: number | undefined): FieldError[] {
  return invalidFor(field, port ?? 0, portNumber(port ?? 0));
}

export function validatePortNumberOrName(port: number | string | undefined, field: string): FieldError[] {
  return typeof port === "string" ? invalidFor(field, port, portName(port)) : validatePortNumber(field, port);
}

export function ipAddress(value: string): Problems {
  const address = parseAddress(value);
  if (!address) return [/^\d+(\.\d+){3}$/.test(value) && parseAddress(withoutLeadingZeros(value)) ? "must not have leading 0s" : "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"];
  return isMapped(address) ? ["must not be an IPv4-mapped IPv6 address"] : [];
}

/** An address in the one form that it has for newer fields. */
export function canonicalIpAddress(value: string): Problems {
  const problems = ipAddress(value);
  return problems.length > 0 ? problems : canonical(value, formatAddress(parseAddress(value)!));
}

export function cidr(value: string): Problems {
  const [address = "", bits] = value.split("/");
  const range = parseRange(value);
  if (!range) return ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"];
  if (isMapped(parseAddress(address)!)) return ["must not have an IPv4-mapped IPv6 address"];
  return parseAddress(address)!.value === range.first && String(range.prefixBits) === bits ? [] : ["must not have bits set beyond the prefix length"];
}

/** A range in the one form that it has for newer fields. */
export function canonicalCidr(value: string): Problems {
  const problems = cidr(value);
  return problems.length > 0 ? problems : canonical(value, formatRange(parseRange(value)!));
}

function canonical(value: string, form: string): Problems {
  return value === form ? [] : [`must be in canonical form (${JSON.stringify(form)})`];
}

function withoutLeadingZeros(value: string): string {
  return value.replaceAll(/\b0+(?=\d)/g, "");
}

/** What is odd about an address that is allowed, in older fields. */
export function ipWarnings(field: string, value: string): string[] {
  const address = parseAddress(value);
  if (!address || value === formatAddress(address)) return [];
  return [`${field}: IPv6 address ${JSON.stringify(value)} should be in RFC 5952 canonical format (${JSON.stringify(formatAddress(address))})`];
}

/** What is odd about a range that is allowed, in older fields. */
export function cidrWarnings(field: string, value: string): string[] {
  const range = parseRange(value);
  if (!range || cidr(value).length > 0 || value === formatRange(range)) return [];
  return [`${field}: IPv6 CIDR value ${JSON.stringify(value)} should be in RFC 5952 canonical format (${JSON.stringify(formatRange(range))})`];
}

/** Endpoints and external addresses may not be addresses that mean something else on every machine. */
export function validateNonSpecialIp(address: string, field: string): FieldError[] {
  const why = specialIp(address);
  return why ? [invalid(field, address, why)] : [];
}

function specialIp(text: string): string | undefined {
  const address = parseAddress(text);
  if (!address) return undefined;
  const isIn = (...ranges: string[]): boolean => ranges.some((range) => isInRange(parseRange(range)!, address));
  if (address.value === 0n) return `may not be unspecified (${text})`;
  if (isIn("127.0.0.0/8", "::1/128")) return "may not be in the loopback range (127.0.0.0/8, ::1/128)";
  if (isIn("169.254.0.0/16", "fe80::/10")) return "may not be in the link-local range (169.254.0.0/16, fe80::/10)";
  if (isIn("224.0.0.0/24", "ff02::/16")) return "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)";
  return undefined;
}

/** A name that becomes a segment of a path. */
export function pathSegmentName(value: string): Problems {
  if (value === "." || value === "..") return [`may not be '${value}'`];
  return ["/", "%"].flatMap((character) => (value.includes(character) ? [`may not contain '${character}'`] : []));
}

/** A name like a webhook's: a domain of at least three parts. */
export function validateFullyQualifiedName(name: string, field: string): FieldError[] {
  if (name === "") return [required(field)];
  const problems = dns1123Subdomain(name);
  if (problems.length > 0) return [invalid(field, name, problems.join(","))];
  return name.split(".").length < 3 ? [invalid(field, name, "should be a domain with at least three segments separated by dots")] : [];
}

/** A domain of at least two parts; a dot at the end is taken. */
export function validateFullyQualifiedDomainName(name: string, field: string): FieldError[] {
  if (name === "") return [required(field)];
  const domain = name.replace(/\.$/, "");
  const problems = dns1123Subdomain(domain);
  if (problems.length > 0) return [invalid(field, domain, problems.join(","))];
  const labels = domain.split(".");
  if (labels.length < 2) return [invalid(field, domain, "should be a domain with at least two segments separated by dots")];
  return labels.filter((label) => dns1123Label(label).length > 0).slice(0, 1).map((label) => invalid(field, label, dns1123Label(label).join(",")));
}

/** Like `example.com/controller`. */
export function validateDomainPrefixedPath(value: string, field: string): FieldError[] {
  if (value === "") return [required(field)];
  const slash = value.indexOf("/");
  if (slash <= 0 || slash === value.length - 1) return [invalid(field, value, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const [host, path] = [value.slice(0, slash), value.slice(slash + 1)];
  const malformed = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(path) ? [] : [invalid(field, path, `Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')`)];
  return [...invalidFor(field, host, dns1123Subdomain(host)), ...malformed];
}

/** A name that objects of a kind must have; whether there is one is the API machinery's to check. */
export function validateName(name: string | undefined, format: (value: string) => Problems, field = "metadata.name"): FieldError[] {
  return name ? invalidFor(field, name, format(name)) : [];
}

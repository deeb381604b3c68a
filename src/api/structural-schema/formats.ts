/**
 * The formats of texts and numbers that are checked; others are ignored, as upstream does.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/validation/formats.go
 * @see https://github.com/kubernetes/kube-openapi/tree/master/pkg/validation/strfmt
 */
import { isIPv4, isIPv6 } from "node:net";

type Check = (text: string) => boolean;

const matching = (pattern: RegExp): Check => (text) => pattern.test(text);

const UUID = (version: string, variant: string): Check => matching(new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}-?${variant}-?[0-9a-f]{12}$`, "i"));
const ANY4 = "[0-9a-f]{4}";
const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const isLabel = matching(new RegExp(`^${LABEL}$`));
const isSubdomain = matching(new RegExp(`^${LABEL}(\\.${LABEL})*$`));
const HOSTNAME = /^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.))+([a-zA-Z\p{L}]){2,63})$/u;
const CREDIT_CARD = /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$/;
const RGB = /^rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)$/;

/** By names without hyphens: `date-time` and `datetime` are one. Go drops the hyphens of the names it knows, too. */
const TEXT_FORMATS: Record<string, Check> = {
  bsonobjectid: matching(/^[0-9a-f]{24}$/i),
  uri: isUri,
  email: isEmail,
  hostname: (text) => text.length <= 255 && text.split(".").every((part) => part.length <= 63) && HOSTNAME.test(text),
  ipv4: (text) => isIPv4(withoutLeadingZeros(text)) || (isIPv6(text) && text.includes(".")),
  ipv6: isIPv6,
  cidr: isCidr,
  mac: matching(/^(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}(?:\1[0-9a-f]{2}\1[0-9a-f]{2})?|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}(?:\.[0-9a-f]{4})?)$/i),
  uuid: UUID(ANY4, ANY4),
  uuid3: UUID("3[0-9a-f]{3}", ANY4),
  uuid4: UUID("4[0-9a-f]{3}", "[89ab][0-9a-f]{3}"),
  uuid5: UUID("5[0-9a-f]{3}", "[89ab][0-9a-f]{3}"),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: matching(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  hexcolor: matching(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  rgbcolor: matching(RGB),
  byte: matching(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/),
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  k8sshortname: (text) => text.length <= 63 && isLabel(text),
  k8slongname: (text) => text.length <= 253 && isSubdomain(text),
};

const NUMBER_FORMATS: Record<string, string[]> = { integer: ["int32", "int64"], number: ["float", "double"] };

/** The format as it is written, if values of the type are checked for it; empty otherwise. */
export function formatOf(type: string, format: string): string {
  if (format === "") return "";
  const isKnown = type === "" || type === "string" ? hasFormat(format) !== undefined : NUMBER_FORMATS[type]?.includes(format);
  return isKnown ? format : "";
}

/** The check of a text's format; undefined where there is none. */
export function hasFormat(format: string): Check | undefined {
  const name = format.replaceAll("-", "");
  return Object.hasOwn(TEXT_FORMATS, name) ? TEXT_FORMATS[name] : undefined;
}

function isUri(text: string): boolean {
  if (text === "" || /[\s\p{Cc}]/u.test(text)) return false;
  if (text.startsWith("/")) return true;
  return /^[a-z][a-z0-9+.-]*:/i.test(text) && !/%(?![0-9a-f]{2})/i.test(text);
}

/** An address with or without a name: `Ann <ann@example.com>`. */
function isEmail(text: string): boolean {
  const address = /^[^<>]*<([^<>]+)>$/.exec(text)?.[1] ?? text;
  return /^(?:[\w!#$%&'*+/=?^`{|}~\u0080-\uffff-]+(?:\.[\w!#$%&'*+/=?^`{|}~\u0080-\uffff-]+)*|"[^"\\]+")@(?:[^\s@<>()[\],;:"\\]+|\[[0-9a-fA-F.:]+\])$/.test(address.trim());
}

function withoutLeadingZeros(text: string): string {
  return text.replace(/\b0+(?=\d)/g, "");
}

function isCidr(text: string): boolean {
  const [address = "", bits = "", ...rest] = text.split("/");
  const most = isIPv4(withoutLeadingZeros(address)) ? 32 : isIPv6(address) ? 128 : -1;
  return rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most;
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]/g, "");
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  return Array.from(digits).reduce((sum, digit, i) => sum + (10 - i) * (digit === "X" ? 10 : Number(digit)), 0) % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]/g, "");
  return /^\d{13}$/.test(digits) && Array.from(digits).reduce((sum, digit, i) => sum + Number(digit) * (i % 2 === 0 ? 1 : 3), 0) % 10 === 0;
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/\D/g, "");
  if (!CREDIT_CARD.test(digits)) return false;
  const sum = Array.from(digits).reverse().reduce((total, digit, i) => {
    const doubled = Number(digit) * (i % 2 === 0 ? 1 : 2);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  // Dates that don't exist roll over.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function isDateTime(text: string): boolean {
  const [date = "", time = ""] = text.toLowerCase().split("t");
  const parts = /^(\d\d):(\d\d):(\d\d)(.\d+)?(z|[+-]\d\d:\d\d)$/.exec(time);
  return isDate(date) && parts !== null && parts[1]! <= "23" && parts[2]! <= "59" && parts[3]! <= "59";
}

const GO_DURATION = /^[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
/** Units by their names; the last of each line also begins longer ones (`seconds`). */
const UNITS = [["ns", "nano"], ["us", "µs", "micro"], ["ms", "milli"], ["s", "sec"], ["m", "min"], ["h", "hr", "hour"], ["d", "day"], ["w", "wk", "week"]];

/** Go's durations (`1h30m`), and Scala's (`5 seconds`, `3 days`). */
function isDuration(text: string): boolean {
  if (GO_DURATION.test(text)) return true;
  return [...text.matchAll(/(?<!\d)\d+\s*([A-Za-zµ]+)/g)].some(([, unit = ""]) => {
    const name = unit.toLowerCase();
    return UNITS.some((names) => names.includes(name) || name.startsWith(names.at(-1)!));
  });
}

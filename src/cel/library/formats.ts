import { dns1035Label, dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from "#lib/names.ts";
import { declare, memberOverload, overload, type Library } from "../functions.ts";
import { parseDate } from "../time.ts";
import { STRING, listOf, opaqueType, optionalOf } from "../types.ts";
import { CelArray, CelOpaque, CelOptional } from "../values.ts";
import { parseRequestUri } from "./go-url.ts";

const FORMAT = opaqueType("kubernetes.NamedFormat");

export class NamedFormat extends CelOpaque {
  override readonly type = FORMAT;
  readonly name: string;
  /** What is wrong with a text; nothing when it has the format. */
  readonly check: (text: string) => string[];
  /** About the length of the pattern it stands for: what a check costs. */
  readonly patternLength: number;

  constructor(name: string, patternLength: number, check: (text: string) => string[]) {
    super();
    [this.name, this.patternLength, this.check] = [name, patternLength, check];
  }

  override equals(other: CelOpaque): boolean {
    return this.name === (other as NamedFormat).name;
  }
}

/** The checked text of a prefix, to which more will be appended. */
function withoutDash(name: string): string {
  return name.length > 1 && name.endsWith("-") ? `${name.slice(0, -2)}a` : name;
}

function holds(test: (text: string) => boolean, message: string): (text: string) => string[] {
  return (text) => (test(text) ? [] : [message]);
}

function uriProblems(text: string): string[] {
  try {
    parseRequestUri(text);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

function isBase64(text: string): boolean {
  return text !== "" && text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}

/** A date and a time of day, each by itself: the 31st of any month will do, and blanks in place of a dot. */
function isDateTime(text: string): boolean {
  const [date = "", time] = text.toLowerCase().split("t");
  return time !== undefined && parseDate(date) !== undefined && /^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:.\d+)?(?:z|[+-]\d{2}:\d{2})$/.test(time);
}

/** The length of the pattern behind date-time, which estimates date too. */
const DATE_TIME_LENGTH = 71;

const FORMATS: Readonly<Record<string, NamedFormat>> = {
  dns1123Label: new NamedFormat("DNS1123Label", 30, dns1123Label),
  dns1123Subdomain: new NamedFormat("DNS1123Subdomain", 60, dns1123Subdomain),
  dns1035Label: new NamedFormat("DNS1035Label", 30, dns1035Label),
  qualifiedName: new NamedFormat("QualifiedName", 60, qualifiedName),
  dns1123LabelPrefix: new NamedFormat("DNS1123LabelPrefix", 30, (text) => dns1123Label(withoutDash(text))),
  dns1123SubdomainPrefix: new NamedFormat("DNS1123SubdomainPrefix", 60, (text) => dns1123Subdomain(withoutDash(text))),
  dns1035LabelPrefix: new NamedFormat("DNS1035LabelPrefix", 30, (text) => dns1035Label(withoutDash(text))),
  labelValue: new NamedFormat("LabelValue", 40, labelValue),
  uri: new NamedFormat("URI", 1103, uriProblems),
  uuid: new NamedFormat("uuid", 70, holds((text) => UUID.test(text), "does not match the UUID format")),
  byte: new NamedFormat("byte", 84, holds(isBase64, "invalid base64")),
  date: new NamedFormat("date", DATE_TIME_LENGTH, holds((text) => parseDate(text) !== undefined, "invalid date")),
  datetime: new NamedFormat("datetime", DATE_TIME_LENGTH, holds(isDateTime, "invalid datetime")),
};

/** @see https://github.com/kubernetes/apiserver/blob/master/pkg/cel/library/format.go */
export const FORMAT_LIBRARY: Library = [
  declare("validate", memberOverload("format-validate", [FORMAT, STRING], optionalOf(listOf(STRING)), ([format, text]) => {
    const problems = (format as NamedFormat).check(text as string);
    return problems.length === 0 ? CelOptional.NONE : new CelOptional(new CelArray(problems));
  })),
  declare("format.named", overload("format-named", [STRING], optionalOf(FORMAT), ([name]) => {
    const format = Object.hasOwn(FORMATS, name as string) ? FORMATS[name as string] : undefined;
    return format === undefined ? CelOptional.NONE : new CelOptional(format);
  })),
  ...Object.entries(FORMATS).map(([name, format]) => declare(`format.${name}`, overload(`format.${name}`, [], FORMAT, () => format))),
];

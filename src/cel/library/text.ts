import type { CostMeter } from "../cost.ts";
import { declare, FunctionError, memberOverload, overload, resultOf, type Implementation, type Library } from "../functions.ts";
import { BOOL, DYN, INT, STRING, listOf } from "../types.ts";
import { CelArray, NO_SUCH_OVERLOAD, type CelList, type CelValue } from "../values.ts";
import { formatString } from "./format-string.ts";
import { showValue } from "./show.ts";

/** Code points, as Go's runes: an array of a long string's takes as long as so many steps for each. */
const CHARACTER_WORK = 10;

function characters(text: string, meter: CostMeter): string[] {
  meter.work(text.length * CHARACTER_WORK);
  return Array.from(text);
}

function strings(elements: readonly string[]): CelArray {
  return new CelArray([...elements]);
}

function bothStrings(test: (text: string, part: string) => boolean): Implementation {
  return ([text, part]) => (typeof text === "string" && typeof part === "string" ? test(text, part) : NO_SUCH_OVERLOAD);
}

/** Small enough to index by, or beyond any string. */
function index(value: CelValue): number {
  return Number(value);
}

function outOfRange(at: CelValue): FunctionError {
  return new FunctionError(`index out of range: ${at as bigint}`);
}

/** Where the character at a position begins, in UTF-16 units. */
function offsetOf(text: string, position: number, meter: CostMeter): number {
  if (meter.length(text) === text.length) return position;
  meter.work(position);
  let offset = 0;
  for (let count = 0; count < position; count++) offset += text.codePointAt(offset)! > 0xffff ? 2 : 1;
  return offset;
}

/** The position of the character that begins at an offset. */
function positionOf(text: string, offset: number, meter: CostMeter): bigint {
  return BigInt(meter.length(text) === text.length ? offset : meter.length(text.slice(0, offset)));
}

const charAt: Implementation = ([text, at], meter) => resultOf(() => {
  const length = meter.length(text as string);
  if (index(at!) < 0 || index(at!) > length) throw outOfRange(at!);
  const character = index(at!) === length ? undefined : (text as string).codePointAt(offsetOf(text as string, index(at!), meter));
  return character === undefined ? "" : String.fromCodePoint(character);
});

const indexOf: Implementation = ([text, part, offset = 0n], meter) => resultOf(() => {
  // Found anywhere, wherever that is.
  if (part === "") return offset;
  if (index(offset) < 0) throw outOfRange(offset);
  if (index(offset) >= meter.length(text as string)) return -1n;
  meter.work((text as string).length);
  const found = (text as string).indexOf(part as string, offsetOf(text as string, index(offset), meter));
  return found < 0 ? -1n : positionOf(text as string, found, meter);
});

const lastIndexOf: Implementation = ([text, part, offset], meter) => resultOf(() => {
  const length = meter.length(text as string);
  if (part === "") return (offset as bigint | undefined) ?? BigInt(length);
  if (offset === undefined && Buffer.byteLength(text as string) < Buffer.byteLength(part as string)) return -1n;
  const from = offset === undefined ? length - 1 : index(offset);
  if (from < 0) throw outOfRange(offset ?? BigInt(from));
  const wanted = meter.length(part as string);
  if (from >= length || wanted > length) return -1n;
  meter.work((text as string).length);
  const found = (text as string).lastIndexOf(part as string, offsetOf(text as string, Math.min(from, length - wanted), meter));
  return found < 0 ? -1n : positionOf(text as string, found, meter);
});

const substring: Implementation = ([text, start, end], meter) => resultOf(() => {
  const length = meter.length(text as string);
  if (end !== undefined && (start as bigint) > (end as bigint)) {
    throw new FunctionError(`invalid substring range. start: ${start as bigint}, end: ${end as bigint}`);
  }
  for (const at of end === undefined ? [start!] : [start!, end]) if (index(at) < 0 || index(at) > length) throw outOfRange(at);
  const to = end === undefined ? undefined : offsetOf(text as string, index(end), meter);
  return (text as string).slice(offsetOf(text as string, index(start!), meter), to);
});

/** Go's strings.Replace: an empty text to replace stands before each character and at the end. */
const replace: Implementation = ([text, from, to, limit = -1n], meter) => {
  const most = (limit as bigint) < 0n ? Number.MAX_SAFE_INTEGER : index(limit);
  const pieces = from === "" ? characters(text as string, meter) : (text as string).split(from as string);
  const replacements = Math.min(most, from === "" ? pieces.length + 1 : pieces.length - 1);
  meter.work((text as string).length + replacements * (to as string).length);
  if (from === "") {
    const replaced = pieces.map((piece, at) => (at < replacements ? (to as string) + piece : piece)).join("");
    return replacements > pieces.length ? replaced + (to as string) : replaced;
  }
  return pieces.slice(0, replacements + 1).join(to as string) + pieces.slice(replacements + 1).map((piece) => (from as string) + piece).join("");
};

/** Go's strings.SplitN: the last piece is the rest. */
const split: Implementation = ([text, separator, limit = -1n], meter) => {
  const most = (limit as bigint) < 0n ? Number.MAX_SAFE_INTEGER : index(limit);
  if (most === 0) return strings([]);
  const pieces = separator === "" ? characters(text as string, meter) : (text as string).split(separator as string);
  if (pieces.length <= most) return strings(pieces);
  return strings([...pieces.slice(0, most - 1), pieces.slice(most - 1).join(separator as string)]);
};

const join: Implementation = ([list, separator = ""], meter) => resultOf(() => {
  const pieces: string[] = [];
  let length = 0;
  for (const element of list as CelList) {
    if (typeof element !== "string") throw new FunctionError(`join: invalid input: ${showValue(element)}`);
    length += element.length + (separator as string).length;
    meter.work(element.length + (separator as string).length + 1);
    pieces.push(element);
  }
  meter.work(length);
  return pieces.join(separator as string);
});

/** Go's white space is JavaScript's, with U+0085 and without U+FEFF. */
function trimmed(text: string): string {
  const isSpace = (at: number): boolean => text[at] === "\x85" || (text[at] !== "\uFEFF" && text[at]!.trim() === "");
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(start)) start++;
  while (end > start && isSpace(end - 1)) end--;
  return text.slice(start, end);
}

const QUOTED: Readonly<Record<string, string>> = {
  "\x07": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\", '"': '\\"',
};

// oxlint-disable-next-line no-control-regex
const quote: Implementation = ([text]) => `"${(text as string).replace(/[\x07\b\f\n\r\t\v\\"]/g, (character) => QUOTED[character]!)}"`;

const LIST_STRING = listOf(STRING);

/**
 * Strings: CEL's own functions, and cel-go's strings extension in version 2.
 * @see https://github.com/google/cel-go/blob/master/ext/strings.go
 */
export const TEXT_LIBRARY: Library = [
  { ...declare("contains", memberOverload("contains_string", [STRING, STRING], BOOL, bothStrings((text, part) => text.includes(part)))), unguarded: true },
  { ...declare("endsWith", memberOverload("ends_with_string", [STRING, STRING], BOOL, bothStrings((text, part) => text.endsWith(part)))), unguarded: true },
  { ...declare("startsWith", memberOverload("starts_with_string", [STRING, STRING], BOOL, bothStrings((text, part) => text.startsWith(part)))), unguarded: true },
  declare("charAt", memberOverload("string_char_at_int", [STRING, INT], STRING, charAt)),
  declare("indexOf",
    memberOverload("string_index_of_string", [STRING, STRING], INT, indexOf), memberOverload("string_index_of_string_int", [STRING, STRING, INT], INT, indexOf)),
  declare("lastIndexOf",
    memberOverload("string_last_index_of_string", [STRING, STRING], INT, lastIndexOf),
    memberOverload("string_last_index_of_string_int", [STRING, STRING, INT], INT, lastIndexOf)),
  declare("lowerAscii", memberOverload("string_lower_ascii", [STRING], STRING, ([text]) => (text as string).replace(/[A-Z]+/g, (part) => part.toLowerCase()))),
  declare("upperAscii", memberOverload("string_upper_ascii", [STRING], STRING, ([text]) => (text as string).replace(/[a-z]+/g, (part) => part.toUpperCase()))),
  declare("replace",
    memberOverload("string_replace_string_string", [STRING, STRING, STRING], STRING, replace),
    memberOverload("string_replace_string_string_int", [STRING, STRING, STRING, INT], STRING, replace)),
  declare("split",
    memberOverload("string_split_string", [STRING, STRING], LIST_STRING, split), memberOverload("string_split_string_int", [STRING, STRING, INT], LIST_STRING, split)),
  declare("substring",
    memberOverload("string_substring_int", [STRING, INT], STRING, substring), memberOverload("string_substring_int_int", [STRING, INT, INT], STRING, substring)),
  declare("trim", memberOverload("string_trim", [STRING], STRING, ([text]) => trimmed(text as string))),
  declare("format", memberOverload("string_format", [STRING, listOf(DYN)], STRING, ([template, args], meter) => formatString(template as string, args as CelList, meter))),
  declare("strings.quote", overload("strings_quote", [STRING], STRING, quote)),
  declare("join", memberOverload("list_join", [LIST_STRING], STRING, join), memberOverload("list_join_string", [LIST_STRING, STRING], STRING, join)),
];

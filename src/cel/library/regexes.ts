import type { CostMeter } from "../cost.ts";
import { declare, memberOverload, overload, type Implementation, type Library } from "../functions.ts";
import type { Regex } from "../regex.ts";
import { BOOL, INT, STRING, listOf } from "../types.ts";
import { CelArray, CelError, NO_SUCH_OVERLOAD, type Result } from "../values.ts";

const matches: Implementation = ([text, pattern], meter) => {
  if (typeof text !== "string") return new CelError("no such overload: matches");
  if (typeof pattern !== "string") return NO_SUCH_OVERLOAD;
  try {
    return meter.regex(pattern, text.length).test(text);
  } catch (error) {
    return regexError(error, "");
  }
};

/** Only what the pattern is to blame for: a limit that is exceeded goes on its way. */
function regexError(error: unknown, prefix: string): CelError {
  if (error instanceof Error && error.message.startsWith("error parsing regexp")) return new CelError(prefix + error.message);
  throw error;
}

function finding(find: (regex: Regex, text: string, limit: bigint, meter: CostMeter) => Result): Implementation {
  return ([text, pattern, limit = -1n], meter) => {
    try {
      return find(meter.regex(pattern as string, (text as string).length), text as string, limit as bigint, meter);
    } catch (error) {
      return regexError(error, "Illegal regex: ");
    }
  };
}

/** Each match takes about as long as so many steps of matching. */
const MATCH_WORK = 200;

const findAll = finding((regex, text, limit, meter) => {
  const most = limit < 0n ? Number.POSITIVE_INFINITY : Number(limit);
  return new CelArray(regex.findAll(text, most, () => meter.work(MATCH_WORK)));
});

/** @see https://github.com/kubernetes/apiserver/blob/master/pkg/cel/library/regex.go */
export const REGEX_LIBRARY: Library = [
  { name: "matches", overloads: [overload("matches", [STRING, STRING], BOOL), memberOverload("matches_string", [STRING, STRING], BOOL)], call: matches },
  declare("find", memberOverload("string_find_string", [STRING, STRING], STRING, finding((regex, text) => regex.findAll(text, 1, () => undefined)[0] ?? ""))),
  declare("findAll",
    memberOverload("string_find_all_string", [STRING, STRING], listOf(STRING), findAll),
    memberOverload("string_find_all_string_int", [STRING, STRING, INT], listOf(STRING), findAll)),
];

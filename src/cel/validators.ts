import { childrenOf, type Expr } from "./ast.ts";
import type { CheckedExpr } from "./checker.ts";
import type { CelType } from "./types.ts";
import { isExactly, formatType, unwrapOptional } from "./type-relations.ts";
import type { LiteralRegexes } from "./regex.ts";
import { parseDuration } from "./time.ts";
import type { Problems } from "./source.ts";
import { toTimestamp } from "./library/conversions.ts";
import { checkFormat } from "./library/format-string.ts";
import { CelError, type CelValue } from "./values.ts";

/**
 * What Kubernetes asks of an expression beyond its types: literal durations, timestamps, patterns and format strings
 * are valid, and the elements of a literal list or map are of one type.
 * @see https://github.com/google/cel-go/blob/master/cel/validator.go
 */
export function validate({ expr: root, types }: CheckedExpr, regexes: LiteralRegexes, problems: Problems): void {
  visit(root, false);

  function visit(expr: Expr, formatted: boolean): void {
    if (expr.kind === "call") validateCall(expr);
    if (!formatted && expr.kind === "list") report(strangers(expr.elements).slice(0, 1));
    if (!formatted && expr.kind === "map") report([...strangers(expr.entries.map(({ key }) => ({ value: key, optional: false }))), ...strangers(expr.entries)]);
    const insideFormat = formatted || (expr.kind === "call" && expr.name === "format");
    for (const child of childrenOf(expr)) visit(child, insideFormat);
  }

  function validateCall(expr: Extract<Expr, { kind: "call" }>): void {
    const [argument] = expr.args;
    if (argument?.kind === "list" && expr.name === "format" && expr.target?.kind === "literal" && typeof expr.target.value === "string") {
      checkFormat(expr.target.value, argument, expr, types, problems);
    }
    if (argument?.kind !== "literal" || isValidLiteral(expr.name, argument.value, regexes)) return;
    problems.report(argument.offset, `invalid ${expr.name} argument`);
  }

  /** The elements that aren't of the first one's type. */
  function strangers(elements: readonly { readonly value: Expr; readonly optional: boolean }[]): Mismatch[] {
    const typed = elements.map(({ value, optional }) => ({ value, type: optional ? unwrapOptional(types.get(value)!).type : types.get(value)! }));
    const expected = typed[0]?.type;
    return typed.flatMap(({ value, type }) => (expected === undefined || isExactly(expected, type) ? [] : [{ value, type, expected }]));
  }

  function report(mismatches: readonly Mismatch[]): void {
    for (const { value, type, expected } of mismatches) problems.report(value.offset, `expected type '${formatType(expected)}' but found '${formatType(type)}'`);
  }
}

interface Mismatch {
  readonly value: Expr;
  readonly type: CelType;
  readonly expected: CelType;
}

function isValidLiteral(name: string, value: CelValue, regexes: LiteralRegexes): boolean {
  switch (name) {
    case "duration":
      return typeof value !== "string" || parseDuration(value) !== undefined;
    case "timestamp":
      return !(toTimestamp(value) instanceof CelError);
    case "matches":
      return typeof value !== "string" || isPattern(value, regexes);
    default:
      return true;
  }
}

function isPattern(text: string, regexes: LiteralRegexes): boolean {
  try {
    regexes.compile(text);
    return true;
  } catch {
    return false;
  }
}

import type { Expr } from "./ast.ts";
import type { CheckedExpr } from "./checker.ts";
import type { CelType } from "./types.ts";
import { isExactly, formatType, unwrapOptional } from "./type-relations.ts";
import { regexProblem } from "./regex.ts";
import { parseDuration, parseTimestamp } from "./time.ts";
import type { Problems } from "./source.ts";
import { checkFormat } from "./library/format-string.ts";

/**
 * What Kubernetes asks of an expression beyond its types: literal durations, timestamps, patterns and format strings
 * are valid, and the elements of a literal list or map are of one type.
 * @see https://github.com/google/cel-go/blob/master/cel/validator.go
 */
export function validate(checked: CheckedExpr, problems: Problems): void {
  visit(checked.expr, false);

  function visit(expr: Expr, formatted: boolean): void {
    if (expr.kind === "call") validateCall(expr);
    if (!formatted && expr.kind === "list") homogeneous(expr.elements, problems, (value) => checked.types.get(value)!);
    if (!formatted && expr.kind === "map") {
      homogeneous(expr.entries.map(({ key }) => ({ value: key, optional: false })), problems, (key) => checked.types.get(key)!);
      homogeneous(expr.entries, problems, (value) => checked.types.get(value)!);
    }
    const insideFormat = formatted || (expr.kind === "call" && expr.name === "format");
    for (const child of childrenOf(expr)) visit(child, insideFormat);
  }

  function validateCall(expr: Extract<Expr, { kind: "call" }>): void {
    const [argument] = expr.args;
    if (argument === undefined) return;
    if (expr.name === "duration") validateLiteral(argument, expr.name, (text) => parseDuration(text) !== undefined);
    if (expr.name === "timestamp") validateLiteral(argument, expr.name, (text) => parseTimestamp(text) !== undefined);
    if (expr.name === "matches") validateLiteral(argument, expr.name, (text) => regexProblem(text) === undefined);
    if (expr.name === "format" && expr.target?.kind === "literal" && typeof expr.target.value === "string" && argument.kind === "list") {
      checkFormat(expr.target.value, argument, expr, checked.types, problems);
    }
  }

  function validateLiteral(argument: Expr, name: string, valid: (text: string) => boolean): void {
    if (argument.kind !== "literal" || typeof argument.value !== "string" || valid(argument.value)) return;
    problems.report(argument.offset, `invalid ${name} argument`);
  }
}

function homogeneous(elements: readonly { readonly value: Expr; readonly optional: boolean }[], problems: Problems, typeOf: (value: Expr) => CelType): void {
  let expected: CelType | undefined;
  for (const { value, optional } of elements) {
    const type = optional ? unwrapOptional(typeOf(value)).type : typeOf(value);
    expected ??= type;
    if (isExactly(expected, type)) continue;
    problems.report(value.offset, `expected type '${formatType(expected)}' but found '${formatType(type)}'`);
    return;
  }
}

function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "select":
      return [expr.operand];
    case "call":
      return expr.target ? [expr.target, ...expr.args] : expr.args;
    case "list":
      return expr.elements.map(({ value }) => value);
    case "map":
      return expr.entries.flatMap(({ key, value }) => [key, value]);
    case "struct":
      return expr.fields.map(({ value }) => value);
    case "comprehension":
      return [expr.range, expr.init, expr.condition, expr.step, expr.result];
    default:
      return [];
  }
}

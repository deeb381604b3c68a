import type { CelValue } from "./values.ts";

/** Where in the source an expression stands, as an offset in UTF-16 units: a call at its operator or parenthesis, a selection at its dot. */
interface Located {
  readonly offset: number;
}

export interface Literal extends Located {
  readonly kind: "literal";
  readonly value: CelValue;
}

export interface Ident extends Located {
  readonly kind: "ident";
  readonly name: string;
}

export interface Select extends Located {
  readonly kind: "select";
  readonly operand: Expr;
  readonly field: string;
  /** From `has(operand.field)`: tests for presence. */
  readonly testOnly: boolean;
}

export interface Call extends Located {
  readonly kind: "call";
  /** An operator's function has a name like `_+_`. */
  readonly name: string;
  readonly target: Expr | undefined;
  readonly args: readonly Expr[];
}

export interface ListLiteral extends Located {
  readonly kind: "list";
  readonly elements: readonly { readonly value: Expr; readonly optional: boolean }[];
}

export interface MapLiteral extends Located {
  readonly kind: "map";
  readonly entries: readonly { readonly key: Expr; readonly value: Expr; readonly optional: boolean }[];
}

export interface StructLiteral extends Located {
  readonly kind: "struct";
  readonly typeName: string;
  readonly fields: readonly StructField[];
}

export interface StructField extends Located {
  readonly name: string;
  readonly value: Expr;
  readonly optional: boolean;
}

/** What every macro over lists and maps becomes: `accu` starts as `init`; while `condition`, it is `step`; in the end it's `result`. */
export interface Comprehension extends Located {
  readonly kind: "comprehension";
  readonly range: Expr;
  readonly variable: string;
  /** Of a macro with two variables: then the first is the index or key. */
  readonly secondVariable: string | undefined;
  readonly accu: string;
  readonly init: Expr;
  readonly condition: Expr;
  readonly step: Expr;
  readonly result: Expr;
}

export type Expr = Literal | Ident | Select | Call | ListLiteral | MapLiteral | StructLiteral | Comprehension;

export function literal(offset: number, value: CelValue): Literal {
  return { kind: "literal", offset, value };
}

export function ident(offset: number, name: string): Ident {
  return { kind: "ident", offset, name };
}

export function call(offset: number, name: string, args: readonly Expr[], target?: Expr): Call {
  return { kind: "call", offset, name, target, args };
}

/** The same expression again, as another one: the checker gives each expression one type. */
export function copied(expr: Expr): Expr {
  switch (expr.kind) {
    case "literal":
    case "ident":
      return { ...expr };
    case "select":
      return { ...expr, operand: copied(expr.operand) };
    case "call":
      return { ...expr, target: expr.target && copied(expr.target), args: expr.args.map(copied) };
    case "list":
      return { ...expr, elements: expr.elements.map((element) => ({ ...element, value: copied(element.value) })) };
    case "map":
      return { ...expr, entries: expr.entries.map((entry) => ({ ...entry, key: copied(entry.key), value: copied(entry.value) })) };
    case "struct":
      return { ...expr, fields: expr.fields.map((field) => ({ ...field, value: copied(field.value) })) };
    case "comprehension":
      return {
        ...expr, range: copied(expr.range), init: copied(expr.init), condition: copied(expr.condition), step: copied(expr.step), result: copied(expr.result),
      };
  }
}

/** The expressions directly within. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "literal":
    case "ident":
      return [];
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
  }
}

export function partCount(expr: Expr): number {
  return childrenOf(expr).reduce((count, child) => count + partCount(child), 1);
}

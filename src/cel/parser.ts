import { call, ident, literal, type Expr, type StructField } from "./ast.ts";
import { Cursor, EXPRESSION_STARTS, LITERALS, Stopped } from "./cursor.ts";
import { tokenize, type Token } from "./lexer.ts";
import { expandMacro, MacroError, MAX_COPIED_PARTS, type CopyBudget } from "./macros.ts";
import { AND, CONDITIONAL, INDEX, NEGATE, NOT, OPERATORS, OPTIONAL_INDEX, OPTIONAL_SELECT, OR } from "./operators.ts";
import { codePointCount, Problems } from "./source.ts";
import { unescapeBytes, unescapeString } from "./unescape.ts";
import { CelBytes, CelDouble, CelUint, MAX_INT, MAX_UINT, MIN_INT } from "./values.ts";

/** cel-go's bound on the characters of an expression. */
const MAX_EXPRESSION_LENGTH = 100_000;

/** cel-go's bound on nesting: for each rule of the grammar apart, and of the operators, selections and calls all together. */
const MAX_DEPTH = 250;

const RESERVED = new Set([
  "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop", "package", "namespace",
  "null", "return", "true", "var", "void", "while",
]);

const RELATIONS = new Set(["<", "<=", ">=", ">", "==", "!=", "in"]);

/** How tightly operators bind. */
const LEVELS: Readonly<Record<string, number>> = { "+": 1, "-": 1, "*": 2, "/": 2, "%": 2 };

const NEGATIVE_NUMBERS = new Set(["NUM_INT", "NUM_FLOAT"]);

/**
 * Parses an expression and expands its macros. Throws a CelCompileError. Of several syntax errors only the first is
 * named.
 * @see https://github.com/google/cel-go/blob/master/parser/gen/CEL.g4
 */
export function parse(source: string): Expr {
  const problems = new Problems(source);
  const length = source.length <= MAX_EXPRESSION_LENGTH ? source.length : codePointCount(source);
  if (length > MAX_EXPRESSION_LENGTH) {
    problems.report(undefined, `expression code point size exceeds limit: size: ${length}, limit ${MAX_EXPRESSION_LENGTH}`);
    problems.throwIfAny();
  }
  const parser = new Parser(new Cursor(tokenize(source, problems), problems), problems);
  let parsed: Expr | undefined;
  try {
    parsed = parser.parse();
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
  problems.throwIfAny();
  return parsed!;
}

type Rule = "expr" | "relation" | "calc" | "member";

class Parser {
  readonly #cursor: Cursor;
  readonly #problems: Problems;
  readonly #depth: Record<Rule, number> = { expr: 0, relation: 0, calc: 0, member: 0 };
  readonly #depths = new Map<Expr, number>();
  readonly #copies: CopyBudget = { left: MAX_COPIED_PARTS };

  constructor(cursor: Cursor, problems: Problems) {
    this.#cursor = cursor;
    this.#problems = problems;
  }

  parse(): Expr {
    const expr = this.#expr();
    if (this.#cursor.kind !== "EOF") this.#cursor.stop(this.#cursor.following === "EOF" ? "extraneous" : "mismatched", ["EOF"]);
    return expr;
  }

  /** Runs a rule within others. */
  #nested(rule: Rule, body: () => Expr): Expr {
    if (++this.#depth[rule] > MAX_DEPTH) this.#tooDeep(`expression recursion limit exceeded: ${MAX_DEPTH}`);
    const expr = body();
    this.#depth[rule]--;
    return expr;
  }

  #tooDeep(message: string): never {
    this.#problems.report(undefined, message);
    throw new Stopped();
  }

  /** Notes how deep an expression is, from how deep its parts are. */
  #deepened(expr: Expr, parts: readonly Expr[], by: 0 | 1): Expr {
    const depth = parts.reduce((deepest, part) => Math.max(deepest, this.#depths.get(part) ?? 0), 0) + by;
    if (depth > MAX_DEPTH) this.#tooDeep("max recursion depth exceeded");
    if (depth > 0) this.#depths.set(expr, depth);
    return expr;
  }

  #expr(also: string[] = []): Expr {
    return this.#nested("expr", () => {
      const condition = this.#or(also);
      const question = this.#cursor.accept("?");
      if (!question) return condition;
      const whenTrue = this.#or();
      this.#cursor.expect(":");
      return this.#call(question, CONDITIONAL, [condition, whenTrue, this.#expr()], undefined, 1);
    });
  }

  #or(also: string[] = []): Expr {
    return this.#logical("||", OR, () => this.#and(also));
  }

  #and(also: string[]): Expr {
    return this.#logical("&&", AND, () => this.#relation(also));
  }

  #logical(operator: string, name: string, operand: () => Expr): Expr {
    const terms = [operand()];
    const operators: Token[] = [];
    while (this.#cursor.kind === operator) {
      operators.push(this.#cursor.next());
      terms.push(operand());
    }
    return this.#deepened(balanced(name, terms, operators, 0, operators.length - 1), terms, 0);
  }

  #relation(also: string[]): Expr {
    return this.#nested("relation", () => {
      let left = this.#calc(1, also);
      while (RELATIONS.has(this.#cursor.kind)) {
        const operator = this.#cursor.next();
        const right = this.#nested("relation", () => this.#calc(1));
        left = this.#call(operator, OPERATORS[operator.kind]!, [left, right], undefined, 1);
      }
      return left;
    });
  }

  /** Operators that bind at least so tightly. */
  #calc(level: number, also: string[] = []): Expr {
    return this.#nested("calc", () => {
      let left = this.#unary(also);
      while ((LEVELS[this.#cursor.kind] ?? 0) >= level) {
        const operator = this.#cursor.next();
        const right = this.#calc(LEVELS[operator.kind]! + 1);
        left = this.#call(operator, OPERATORS[operator.kind]!, [left, right], undefined, 1);
      }
      return left;
    });
  }

  #unary(also: string[]): Expr {
    if (this.#cursor.kind === "!") return this.#prefixed("!", NOT);
    // A single minus before a number is the number's own.
    if (this.#cursor.kind === "-" && !NEGATIVE_NUMBERS.has(this.#cursor.following)) return this.#prefixed("-", NEGATE);
    return this.#member(also);
  }

  #prefixed(operator: string, name: string): Expr {
    const first = this.#cursor.token;
    let count = 0;
    for (; this.#cursor.kind === operator; count++) this.#cursor.next();
    if (this.#cursor.kind === "!" || (this.#cursor.kind === "-" && !NEGATIVE_NUMBERS.has(this.#cursor.following))) this.#cursor.noViableAlternative(first);
    const operand = this.#member([]);
    return count % 2 === 0 ? operand : this.#call(first, name, [operand]);
  }

  #member(also: string[]): Expr {
    return this.#nested("member", () => {
      let expr = this.#primary(also);
      for (;;) {
        if (this.#cursor.kind === ".") expr = this.#selection(expr);
        else if (this.#cursor.kind === "[") expr = this.#index(expr);
        else return expr;
      }
    });
  }

  #selection(operand: Expr): Expr {
    const dot = this.#cursor.next();
    if (this.#cursor.accept("?")) {
      const field = this.#fieldName();
      return this.#deepened(call(dot.offset, OPTIONAL_SELECT, [operand, literal(field.offset, field.name)]), [operand], 1);
    }
    if (this.#cursor.kind !== "IDENTIFIER" && this.#cursor.kind !== "ESC_IDENTIFIER") return this.#cursor.noViableAlternative(dot);
    if (this.#cursor.kind === "IDENTIFIER" && this.#cursor.following === "(") {
      const name = this.#cursor.next().text;
      const open = this.#cursor.next();
      return this.#call(open, name, this.#arguments(), operand, 1);
    }
    return this.#deepened({ kind: "select", offset: dot.offset, operand, field: this.#fieldName().name, testOnly: false }, [operand], 1);
  }

  /** `also` are others that could have stood in its place. Names between backquotes are not what Kubernetes has. */
  #fieldName(also: string[] = []): { name: string; offset: number } {
    const { offset, kind, text } = this.#cursor.token;
    if (kind !== "IDENTIFIER" && kind !== "ESC_IDENTIFIER") {
      const expected = ["IDENTIFIER", "ESC_IDENTIFIER", ...also];
      return this.#cursor.stop(expected.includes(this.#cursor.following) ? "extraneous" : "mismatched", expected);
    }
    if (kind === "ESC_IDENTIFIER") this.#problems.report(offset, "unsupported syntax: '`'");
    this.#cursor.next();
    return { name: text, offset };
  }

  #index(target: Expr): Expr {
    const open = this.#cursor.next();
    const optional = this.#cursor.accept("?") !== undefined;
    const index = this.#expr(optional ? [] : ["?"]);
    this.#cursor.expect("]");
    return this.#call(open, optional ? OPTIONAL_INDEX : INDEX, [target, index], undefined, 1);
  }

  /** After the parenthesis, up to and with the closing one. */
  #arguments(): Expr[] {
    const args: Expr[] = [];
    if (this.#cursor.accept(")")) return args;
    do args.push(this.#expr(args.length === 0 ? [")"] : [])); while (this.#cursor.accept(","));
    this.#cursor.expect(")");
    return args;
  }

  #primary(also: string[]): Expr {
    const token = this.#cursor.token;
    switch (token.kind) {
      case "(": {
        this.#cursor.next();
        const expr = this.#expr();
        this.#cursor.expect(")");
        return expr;
      }
      case "[":
        return this.#list();
      case "{":
        return this.#map();
      case ".":
      case "IDENTIFIER":
        return this.#name();
      case "-":
        this.#cursor.next();
        return this.#number(token, "-");
      default:
        if (LITERALS.includes(token.kind)) return this.#literal(token);
        return this.#cursor.stop(EXPRESSION_STARTS.has(this.#cursor.following) ? "extraneous" : "mismatched", [...EXPRESSION_STARTS, ...also]);
    }
  }

  #list(): Expr {
    const { offset } = this.#cursor.next();
    const elements: { value: Expr; optional: boolean }[] = [];
    while (this.#cursor.kind !== "]") {
      if (elements.length === 0 && this.#cursor.accept(",")) break;
      const optional = this.#cursor.accept("?") !== undefined;
      if (elements.length > 0 && this.#cursor.kind === ",") this.#cursor.stop("mismatched", ["]"]);
      elements.push({ value: this.#expr(optional ? [] : ["?", "]", ","]), optional });
      if (!this.#cursor.accept(",")) {
        if (this.#cursor.kind !== "]") this.#cursor.expect("]", [","]);
        break;
      }
    }
    this.#cursor.expect("]");
    return this.#deepened({ kind: "list", offset, elements }, elements.map(({ value }) => value), 0);
  }

  #map(): Expr {
    const { offset } = this.#cursor.next();
    const entries: { key: Expr; value: Expr; optional: boolean }[] = [];
    while (this.#cursor.kind !== "}") {
      if (entries.length === 0 && this.#cursor.accept(",")) break;
      const optional = this.#cursor.accept("?") !== undefined;
      const key = this.#expr(optional ? [] : ["?", "}", ","]);
      this.#cursor.expect(":");
      entries.push({ key, value: this.#expr(), optional });
      if (!this.#cursor.accept(",")) {
        if (this.#cursor.kind !== "}") this.#cursor.expect("}", [","]);
        break;
      }
    }
    this.#cursor.expect("}");
    return this.#deepened({ kind: "map", offset, entries }, entries.flatMap(({ key, value }) => [key, value]), 0);
  }

  #name(): Expr {
    const dot = this.#cursor.accept(".");
    if (this.#cursor.kind !== "IDENTIFIER") return this.#cursor.noViableAlternative(dot!);
    if (this.#cursor.isAtStruct()) return this.#struct(dot);
    const { text, offset } = this.#cursor.next();
    if (RESERVED.has(text)) {
      this.#problems.report(dot?.offset ?? offset, `reserved identifier: ${text}`);
      throw new Stopped();
    }
    const name = dot ? `.${text}` : text;
    const open = this.#cursor.accept("(");
    return open ? this.#call(open, name, this.#arguments()) : ident(offset, name);
  }

  #struct(dot: Token | undefined): Expr {
    let typeName = dot ? "." : "";
    let token = this.#cursor.next();
    for (; token.kind !== "{"; token = this.#cursor.next()) typeName += token.text;
    const { offset } = token;
    const fields: StructField[] = [];
    while (this.#cursor.kind !== "}") {
      if (fields.length === 0 && this.#cursor.accept(",")) break;
      const optional = this.#cursor.accept("?") !== undefined;
      const { name } = this.#fieldName(optional ? [] : ["}", ",", "?"]);
      const colon = this.#cursor.expect(":");
      fields.push({ offset: colon.offset, name, value: this.#expr(), optional });
      if (!this.#cursor.accept(",")) {
        if (this.#cursor.kind !== "}") this.#cursor.expect("}", [","]);
        break;
      }
    }
    this.#cursor.expect("}");
    return this.#deepened({ kind: "struct", offset, typeName, fields }, fields.map(({ value }) => value), 0);
  }

  #literal(token: Token): Expr {
    const { offset } = token;
    if (token.kind.startsWith("NUM_")) return this.#number(token, "");
    this.#cursor.next();
    switch (token.kind) {
      case "true":
        return literal(offset, true);
      case "false":
        return literal(offset, false);
      case "null":
        return literal(offset, null);
      default:
        try {
          return literal(offset, token.kind === "STRING" ? unescapeString(token.text) : new CelBytes(unescapeBytes(token.text.slice(1))));
        } catch (error) {
          this.#problems.report(offset, (error as Error).message);
          return literal(offset, "");
        }
    }
  }

  /** `start` is where the number begins: at its sign, if it has one. */
  #number(start: Token, sign: "" | "-"): Expr {
    const { kind, text } = this.#cursor.next();
    const { offset } = start;
    switch (kind) {
      case "NUM_FLOAT": {
        const value = Number(sign + text);
        return Number.isFinite(value) ? literal(offset, new CelDouble(value)) : this.#invalid(offset, "double");
      }
      case "NUM_UINT": {
        const value = BigInt(text.slice(0, -1));
        return value <= MAX_UINT ? literal(offset, new CelUint(value)) : this.#invalid(offset, "uint");
      }
      default: {
        const value = sign === "-" ? -BigInt(text) : BigInt(text);
        return value >= MIN_INT && value <= MAX_INT ? literal(offset, value) : this.#invalid(offset, "int");
      }
    }
  }

  #invalid(offset: number, type: string): Expr {
    this.#problems.report(offset, `invalid ${type} literal`);
    return literal(offset, null);
  }

  /** A call, or what it becomes if it's a macro. `depth` is what it adds to that of its parts. */
  #call(at: Token, name: string, args: Expr[], target?: Expr, depth: 0 | 1 = 0): Expr {
    const parts = target ? [target, ...args] : args;
    try {
      return this.#deepened(expandMacro(at.offset, name, target, args, this.#copies) ?? call(at.offset, name, args, target), parts, depth);
    } catch (error) {
      if (!(error instanceof MacroError)) throw error;
      this.#problems.report(error.offset, error.message);
      return literal(at.offset, null);
    }
  }
}

/** A chain of && or || as a tree that is no deeper than it must be. */
function balanced(name: string, terms: Expr[], operators: Token[], low: number, high: number): Expr {
  if (operators.length === 0) return terms[0]!;
  const middle = Math.floor((low + high + 1) / 2);
  const left = middle === low ? terms[middle]! : balanced(name, terms, operators, low, middle - 1);
  const right = middle === high ? terms[middle + 1]! : balanced(name, terms, operators, middle + 1, high);
  return call(operators[middle]!.offset, name, [left, right]);
}

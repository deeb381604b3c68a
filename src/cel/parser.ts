import { call, ident, literal, type Expr, type StructField } from "./ast.ts";
import { shownText, tokenize, type Token, type TokenKind } from "./lexer.ts";
import { expandMacro, MacroError, MAX_COPIED_PARTS, type CopyBudget } from "./macros.ts";
import { AND, CONDITIONAL, INDEX, NEGATE, NOT, OPERATORS, OPTIONAL_INDEX, OPTIONAL_SELECT, OR } from "./operators.ts";
import { Problems } from "./source.ts";
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
const CONTINUATIONS = new Set([...RELATIONS, "+", "-", "*", "/", "%", "&&", "||", "?", ":", ".", "[", ")", "]", "}", ",", "EOF"]);

/** How tightly operators bind. */
const LEVELS: Readonly<Record<string, number>> = { "+": 1, "-": 1, "*": 2, "/": 2, "%": 2 };

const NEGATIVE_NUMBERS = new Set(["NUM_INT", "NUM_FLOAT"]);

const LITERALS = ["true", "false", "null", "NUM_FLOAT", "NUM_INT", "NUM_UINT", "STRING", "BYTES"];
const EXPRESSION_STARTS = new Set(["[", "{", "(", ".", "-", "!", ...LITERALS, "IDENTIFIER"]);

/** The order in which ANTLR lists what it expected. */
const SHOWN_ORDER = ["[", "]", "{", "}", "(", ")", ".", ",", "-", "!", "?", ...LITERALS, "IDENTIFIER", "ESC_IDENTIFIER"];

/** Ends the parse: what went wrong has been reported. */
class Stopped extends Error {}

/**
 * Parses an expression and expands its macros. Throws a CelCompileError. Of several syntax errors only the first is
 * named.
 * @see https://github.com/google/cel-go/blob/master/parser/gen/CEL.g4
 */
export function parse(source: string): Expr {
  const problems = new Problems(source);
  const length = source.length <= MAX_EXPRESSION_LENGTH ? source.length : [...source].length;
  if (length > MAX_EXPRESSION_LENGTH) {
    problems.report(undefined, `expression code point size exceeds limit: size: ${length}, limit ${MAX_EXPRESSION_LENGTH}`);
    problems.throwIfAny();
  }
  const parser = new Parser(tokenize(source, problems), problems);
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
  readonly #tokens: Token[];
  readonly #problems: Problems;
  readonly #depth: Record<Rule, number> = { expr: 0, relation: 0, calc: 0, member: 0 };
  readonly #depths = new Map<Expr, number>();
  readonly #copies: CopyBudget = { left: MAX_COPIED_PARTS };
  #at = 0;

  constructor(tokens: Token[], problems: Problems) {
    this.#tokens = tokens;
    this.#problems = problems;
  }

  parse(): Expr {
    const expr = this.#expr();
    if (this.#kind !== "EOF") this.#stop(this.#following === "EOF" ? "extraneous" : "mismatched", ["EOF"]);
    return expr;
  }

  get #token(): Token {
    return this.#tokens[this.#at]!;
  }

  get #kind(): TokenKind {
    return this.#token.kind;
  }

  get #following(): TokenKind {
    return this.#tokens[this.#at + 1]?.kind ?? "EOF";
  }

  #next(): Token {
    const token = this.#token;
    if (token.kind !== "EOF") this.#at++;
    return token;
  }

  #accept(kind: TokenKind): Token | undefined {
    return this.#kind === kind ? this.#next() : undefined;
  }

  /** Takes a token that must be there. `before` are others that could have stood in its place. */
  #expect(kind: TokenKind, before: string[] = []): Token {
    if (this.#kind === kind) return this.#next();
    if (this.#following === kind || before.includes(this.#following)) return this.#stop("extraneous", [kind, ...before]);
    const fits = kind === ":" ? EXPRESSION_STARTS : CONTINUATIONS;
    return this.#stop(before.length === 0 && fits.has(this.#kind) && !(kind === ":" && this.#kind === "EOF") && this.#kind !== "," ? "missing" : "mismatched", [kind, ...before]);
  }

  #stop(what: "extraneous" | "mismatched" | "missing", expected: string[]): never {
    const { text, offset } = this.#token;
    const sorted = SHOWN_ORDER.filter((kind) => expected.includes(kind));
    const names = (sorted.length === 0 ? expected : sorted).map(shownKind);
    const set = names.length === 1 ? names[0] : `{${names.join(", ")}}`;
    this.#problems.report(offset, what === "missing"
      ? `Syntax error: missing ${set} at '${shownText(text)}'`
      : `Syntax error: ${what} input '${shownText(text)}' expecting ${set}`);
    throw new Stopped();
  }

  #noViableAlternative(from: Token): never {
    const input = this.#kind === "EOF" ? from.text : from.text + this.#token.text;
    this.#problems.report(this.#token.offset, ["true", "false", "null"].includes(this.#kind)
      ? `Syntax error: mismatched input '${this.#kind}' expecting IDENTIFIER`
      : `Syntax error: no viable alternative at input '${shownText(input)}'`);
    throw new Stopped();
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
      const question = this.#accept("?");
      if (!question) return condition;
      const whenTrue = this.#or();
      this.#expect(":");
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
    while (this.#kind === operator) {
      operators.push(this.#next());
      terms.push(operand());
    }
    return this.#deepened(balanced(name, terms, operators, 0, operators.length - 1), terms, 0);
  }

  #relation(also: string[]): Expr {
    return this.#nested("relation", () => {
      let left = this.#calc(1, also);
      while (RELATIONS.has(this.#kind)) {
        const operator = this.#next();
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
      while ((LEVELS[this.#kind] ?? 0) >= level) {
        const operator = this.#next();
        const right = this.#calc(LEVELS[operator.kind]! + 1);
        left = this.#call(operator, OPERATORS[operator.kind]!, [left, right], undefined, 1);
      }
      return left;
    });
  }

  #unary(also: string[]): Expr {
    if (this.#kind === "!") return this.#prefixed("!", NOT);
    // A single minus before a number is the number's own.
    if (this.#kind === "-" && !NEGATIVE_NUMBERS.has(this.#following)) return this.#prefixed("-", NEGATE);
    return this.#member(also);
  }

  #prefixed(operator: string, name: string): Expr {
    const first = this.#token;
    let count = 0;
    for (; this.#kind === operator; count++) this.#next();
    if (this.#kind === "!" || (this.#kind === "-" && !NEGATIVE_NUMBERS.has(this.#following))) this.#noViableAlternative(first);
    const operand = this.#member([]);
    return count % 2 === 0 ? operand : this.#call(first, name, [operand]);
  }

  #member(also: string[]): Expr {
    return this.#nested("member", () => {
      let expr = this.#primary(also);
      for (;;) {
        if (this.#kind === ".") expr = this.#selection(expr);
        else if (this.#kind === "[") expr = this.#index(expr);
        else return expr;
      }
    });
  }

  #selection(operand: Expr): Expr {
    const dot = this.#next();
    if (this.#accept("?")) {
      const field = this.#fieldName();
      return this.#deepened(call(dot.offset, OPTIONAL_SELECT, [operand, literal(field.offset, field.name)]), [operand], 1);
    }
    if (this.#kind !== "IDENTIFIER" && this.#kind !== "ESC_IDENTIFIER") return this.#noViableAlternative(dot);
    if (this.#kind === "IDENTIFIER" && this.#following === "(") {
      const name = this.#next().text;
      const open = this.#next();
      return this.#call(open, name, this.#arguments(), operand, 1);
    }
    return this.#deepened({ kind: "select", offset: dot.offset, operand, field: this.#fieldName().name, testOnly: false }, [operand], 1);
  }

  /** `also` are others that could have stood in its place. Names between backquotes are not what Kubernetes has. */
  #fieldName(also: string[] = []): { name: string; offset: number } {
    const { offset, kind, text } = this.#token;
    if (kind !== "IDENTIFIER" && kind !== "ESC_IDENTIFIER") {
      const expected = ["IDENTIFIER", "ESC_IDENTIFIER", ...also];
      return this.#stop(expected.includes(this.#following) ? "extraneous" : "mismatched", expected);
    }
    if (kind === "ESC_IDENTIFIER") this.#problems.report(offset, "unsupported syntax: '`'");
    this.#next();
    return { name: text, offset };
  }

  #index(target: Expr): Expr {
    const open = this.#next();
    const optional = this.#accept("?") !== undefined;
    const index = this.#expr(optional ? [] : ["?"]);
    this.#expect("]");
    return this.#call(open, optional ? OPTIONAL_INDEX : INDEX, [target, index], undefined, 1);
  }

  /** After the parenthesis, up to and with the closing one. */
  #arguments(): Expr[] {
    const args: Expr[] = [];
    if (this.#accept(")")) return args;
    do args.push(this.#expr(args.length === 0 ? [")"] : [])); while (this.#accept(","));
    this.#expect(")");
    return args;
  }

  #primary(also: string[]): Expr {
    const token = this.#token;
    switch (token.kind) {
      case "(": {
        this.#next();
        const expr = this.#expr();
        this.#expect(")");
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
        this.#next();
        return this.#number(token, "-");
      default:
        if (LITERALS.includes(token.kind)) return this.#literal(token);
        return this.#stop(EXPRESSION_STARTS.has(this.#following) ? "extraneous" : "mismatched", [...EXPRESSION_STARTS, ...also]);
    }
  }

  #list(): Expr {
    const { offset } = this.#next();
    const elements: { value: Expr; optional: boolean }[] = [];
    while (this.#kind !== "]") {
      if (elements.length === 0 && this.#accept(",")) break;
      const optional = this.#accept("?") !== undefined;
      if (elements.length > 0 && this.#kind === ",") this.#stop("mismatched", ["]"]);
      elements.push({ value: this.#expr(optional ? [] : ["?", "]", ","]), optional });
      if (!this.#accept(",")) {
        if (this.#kind !== "]") this.#expect("]", [","]);
        break;
      }
    }
    this.#expect("]");
    return this.#deepened({ kind: "list", offset, elements }, elements.map(({ value }) => value), 0);
  }

  #map(): Expr {
    const { offset } = this.#next();
    const entries: { key: Expr; value: Expr; optional: boolean }[] = [];
    while (this.#kind !== "}") {
      if (entries.length === 0 && this.#accept(",")) break;
      const optional = this.#accept("?") !== undefined;
      const key = this.#expr(optional ? [] : ["?", "}", ","]);
      this.#expect(":");
      entries.push({ key, value: this.#expr(), optional });
      if (!this.#accept(",")) {
        if (this.#kind !== "}") this.#expect("}", [","]);
        break;
      }
    }
    this.#expect("}");
    return this.#deepened({ kind: "map", offset, entries }, entries.flatMap(({ key, value }) => [key, value]), 0);
  }

  #name(): Expr {
    const dot = this.#accept(".");
    if (this.#kind !== "IDENTIFIER") return this.#noViableAlternative(dot!);
    if (this.#isStruct()) return this.#struct(dot);
    const { text, offset } = this.#next();
    if (RESERVED.has(text)) {
      this.#problems.report(dot?.offset ?? offset, `reserved identifier: ${text}`);
      throw new Stopped();
    }
    const name = dot ? `.${text}` : text;
    const open = this.#accept("(");
    return open ? this.#call(open, name, this.#arguments()) : ident(offset, name);
  }

  /** Whether `a.b.c{` is ahead. */
  #isStruct(): boolean {
    let at = this.#at + 1;
    while (this.#tokens[at]?.kind === "." && this.#tokens[at + 1]?.kind === "IDENTIFIER") at += 2;
    return this.#tokens[at]?.kind === "{";
  }

  #struct(dot: Token | undefined): Expr {
    let typeName = dot ? "." : "";
    let token = this.#next();
    for (; token.kind !== "{"; token = this.#next()) typeName += token.text;
    const { offset } = token;
    const fields: StructField[] = [];
    while (this.#kind !== "}") {
      if (fields.length === 0 && this.#accept(",")) break;
      const optional = this.#accept("?") !== undefined;
      const { name } = this.#fieldName(optional ? [] : ["}", ",", "?"]);
      const colon = this.#expect(":");
      fields.push({ offset: colon.offset, name, value: this.#expr(), optional });
      if (!this.#accept(",")) {
        if (this.#kind !== "}") this.#expect("}", [","]);
        break;
      }
    }
    this.#expect("}");
    return this.#deepened({ kind: "struct", offset, typeName, fields }, fields.map(({ value }) => value), 0);
  }

  #literal(token: Token): Expr {
    const { offset } = token;
    if (token.kind.startsWith("NUM_")) return this.#number(token, "");
    this.#next();
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
    const { kind, text } = this.#next();
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

function shownKind(kind: string): string {
  if (kind === "EOF") return "<EOF>";
  return /^[A-Z]/.test(kind) ? kind : `'${kind}'`;
}

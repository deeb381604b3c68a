import type { Call, Comprehension, Expr, Select, StructLiteral } from "./ast.ts";
import type { FunctionDeclaration, Overload } from "./functions.ts";
import { AND, OPTIONAL_SELECT, OR } from "./operators.ts";
import type { Problems } from "./source.ts";
import { formatType, Inference, isDyn, isError, isExactly, mostGeneral, unwrapOptional } from "./type-relations.ts";
import { BOOL, BYTES, DOUBLE, DYN, ERROR, INT, NULL, STRING, UINT, listOf, mapOf, optionalOf, typeOf, typeParameter, type CelType } from "./types.ts";
import { CelBytes, CelDouble, CelUint, type CelValue } from "./values.ts";

/** Where the checker looks names up. */
export interface Declarations {
  /** The type of a variable; a name may have dots. */
  variable(name: string): CelType | undefined;
  /** The type that a name stands for, as in `type(x) == int`. */
  typeNamed(name: string): CelType | undefined;
  function(name: string): FunctionDeclaration | undefined;
  /** The type that a struct literal constructs. */
  structType(name: string): CelType | undefined;
}

/** What an identifier or a call refers to. */
export type Reference =
  | { readonly kind: "ident"; readonly name: string; readonly to: "variable" | "local" | "type" }
  | { readonly kind: "function"; readonly declaration: FunctionDeclaration; readonly overloads: readonly Overload[]; readonly receiver: boolean };

/** An expression with the types and the references of all its parts. */
export interface CheckedExpr {
  readonly expr: Expr;
  readonly types: ReadonlyMap<Expr, CelType>;
  readonly references: ReadonlyMap<Expr, Reference>;
}

/**
 * Infers the type of every part of an expression, and decides which overloads its calls can mean. What is wrong is
 * reported, in cel-go's words.
 * @see https://github.com/google/cel-go/blob/master/checker/checker.go
 */
export function check(expr: Expr, declarations: Declarations, problems: Problems): CheckedExpr {
  const checker = new Checker(declarations, problems);
  checker.check(expr);
  return { expr, types: checker.finalTypes(), references: checker.references };
}

interface Scope {
  readonly variables: ReadonlyMap<string, CelType>;
  readonly outer: Scope | undefined;
}

interface Found {
  readonly type: CelType;
  readonly name: string;
  readonly to: "variable" | "local" | "type";
}

class Checker {
  readonly references = new Map<Expr, Reference>();
  readonly #types = new Map<Expr, CelType>();
  readonly #declarations: Declarations;
  readonly #problems: Problems;
  readonly #inference = new Inference();
  #scope: Scope | undefined;
  #freshVariables = 0;

  constructor(declarations: Declarations, problems: Problems) {
    this.#declarations = declarations;
    this.#problems = problems;
  }

  /** With every type variable replaced by what was inferred, or by dyn. */
  finalTypes(): Map<Expr, CelType> {
    return new Map([...this.#types].map(([expr, type]) => [expr, this.#inference.substitute(type, true)]));
  }

  check(expr: Expr): CelType {
    const type = this.#check(expr);
    this.#types.set(expr, type);
    return type;
  }

  #check(expr: Expr): CelType {
    switch (expr.kind) {
      case "literal":
        return literalType(expr.value);
      case "ident":
        return this.#ident(expr, expr.name);
      case "select":
        return this.#select(expr);
      case "call":
        return this.#call(expr);
      case "list":
        return this.#list(expr);
      case "map":
        return this.#map(expr);
      case "struct":
        return this.#struct(expr);
      case "comprehension":
        return this.#comprehension(expr);
    }
  }

  #ident(expr: Expr, name: string): CelType {
    const found = this.#lookup(name);
    return found ? this.#refer(expr, found) : this.#undeclared(expr, name);
  }

  #refer(expr: Expr, { type, ...reference }: Found): CelType {
    this.references.set(expr, { kind: "ident", ...reference });
    return type;
  }

  /** A name with a leading dot is never a local variable. */
  #lookup(name: string): Found | undefined {
    const global = name.replace(/^\./, "");
    for (let scope = this.#scope; scope && global === name; scope = scope.outer) {
      const type = scope.variables.get(name);
      if (type !== undefined) return { type, name, to: "local" };
    }
    const variable = this.#declarations.variable(global);
    if (variable !== undefined) return { type: variable, name, to: "variable" };
    const type = this.#declarations.typeNamed(global);
    return type && { type: typeOf(type), name: global, to: "type" };
  }

  #isLocal(name: string): boolean {
    for (let scope = this.#scope; scope; scope = scope.outer) if (scope.variables.has(name)) return true;
    return false;
  }

  #undeclared(expr: Expr, name: string): CelType {
    this.#problems.report(expr.offset, `undeclared reference to '${name}' (in container '')`);
    return ERROR;
  }

  #select(expr: Select): CelType {
    const name = expr.testOnly ? undefined : qualifiedName(expr);
    if (name !== undefined && !this.#isLocal(name.slice(0, name.indexOf(".", 1)))) {
      const found = this.#lookup(name);
      if (found) return this.#refer(expr, found);
    }
    const fieldType = this.#field(expr, expr.operand, expr.field, false);
    return expr.testOnly ? BOOL : this.#inference.substitute(fieldType, false);
  }

  #field(expr: Expr, operand: Expr, field: string, optional: boolean): CelType {
    const operandType = this.#inference.substitute(this.check(operand), false);
    const target = unwrapOptional(operandType);
    const type = this.#fieldType(expr, target.type, field);
    return target.optional || optional ? optionalOf(type) : type;
  }

  #fieldType(expr: Expr, target: CelType, field: string): CelType {
    switch (target.kind) {
      case "map":
        return target.value;
      case "object": {
        const type = target.field(field);
        if (type !== undefined) return type;
        this.#problems.report(expr.offset, `undefined field '${field}'`);
        return ERROR;
      }
      case "parameter":
        // Dyn, lest a later use gives the variable a type that has no such field.
        this.#assign(DYN, target);
        return DYN;
      case "simple":
      case "list":
      case "optional":
      case "type":
      case "opaque":
        if (!isDyn(target) && !isError(target)) this.#problems.report(expr.offset, `type '${formatType(target)}' does not support field selection`);
        return DYN;
    }
  }

  #call(expr: Call): CelType {
    if (expr.name === OPTIONAL_SELECT) return this.#optionalSelect(expr);
    for (const arg of expr.args) this.check(arg);
    if (expr.target === undefined) {
      const declaration = this.#declarations.function(expr.name.replace(/^\./, ""));
      return declaration ? this.#resolve(expr, declaration, undefined) : this.#undeclared(expr, expr.name);
    }
    const prefix = qualifiedName(expr.target);
    const namespaced = prefix === undefined ? undefined : this.#declarations.function(`${prefix.replace(/^\./, "")}.${expr.name}`);
    if (namespaced) return this.#resolve(expr, namespaced, undefined);
    this.check(expr.target);
    const declaration = this.#declarations.function(expr.name);
    return declaration ? this.#resolve(expr, declaration, expr.target) : this.#undeclared(expr, expr.name);
  }

  #optionalSelect(expr: Call): CelType {
    const [operand, field] = expr.args as [Expr, Expr];
    // The parser makes nothing else of a name.
    const name = field.kind === "literal" ? (field.value as string) : "";
    return this.#inference.substitute(this.#field(expr, operand, name, true), false);
  }

  #resolve(expr: Call, declaration: FunctionDeclaration, receiver: Expr | undefined): CelType {
    const args = receiver === undefined ? expr.args : [receiver, ...expr.args];
    const argTypes = args.map((arg) => this.#types.get(arg)!);
    if (declaration.name === AND || declaration.name === OR) return this.#logical(expr, declaration, argTypes);
    const matching: Overload[] = [];
    let resultType: CelType | undefined;
    for (const overload of declaration.overloads) {
      if (overload.member !== (receiver !== undefined) || overload.parameters.length !== args.length) continue;
      const [result, ...parameters] = this.#instantiated([overload.result, ...overload.parameters]) as [CelType, ...CelType[]];
      if (!this.#inference.assign(argTypes.map((argType, index) => [argType, parameters[index]!]))) continue;
      matching.push(overload);
      const type = this.#inference.substitute(result, false);
      if (resultType === undefined) resultType = type;
      else if (!isDyn(resultType) && !isExactly(type, resultType)) resultType = DYN;
    }
    if (resultType === undefined) return this.#noOverload(expr, declaration.name, argTypes, receiver !== undefined);
    this.references.set(expr, { kind: "function", declaration, overloads: matching, receiver: receiver !== undefined });
    return resultType;
  }

  #logical(expr: Call, declaration: FunctionDeclaration, argTypes: CelType[]): CelType {
    let matches = true;
    argTypes.forEach((type, index) => {
      if (this.#assign(type, BOOL)) return;
      matches = false;
      this.#mismatch(expr.args[index]!, BOOL, type);
    });
    if (!matches) return ERROR;
    this.references.set(expr, { kind: "function", declaration, overloads: declaration.overloads, receiver: false });
    return BOOL;
  }

  #noOverload(expr: Expr, name: string, argTypes: CelType[], instance: boolean): CelType {
    const shown = argTypes.map((type) => formatType(this.#inference.substitute(type, true)));
    const signature = instance ? `${shown[0]}.(${shown.slice(1).join(", ")})` : `(${shown.join(", ")})`;
    this.#problems.report(expr.offset, `found no matching overload for '${name}' applied to '${signature}'`);
    return ERROR;
  }

  /** A signature's type parameters are other ones in each call. */
  #instantiated(types: readonly CelType[]): CelType[] {
    const fresh = new Map<string, CelType>();
    const instantiate = (type: CelType): CelType => {
      switch (type.kind) {
        case "parameter": {
          const variable = fresh.get(type.name) ?? this.#freshVariable();
          fresh.set(type.name, variable);
          return variable;
        }
        case "list":
          return listOf(instantiate(type.element));
        case "map":
          return mapOf(instantiate(type.key), instantiate(type.value));
        case "optional":
          return optionalOf(instantiate(type.element));
        case "type":
          return type.of === undefined ? type : typeOf(instantiate(type.of));
        case "simple":
        case "object":
        case "opaque":
          return type;
      }
    };
    return types.map(instantiate);
  }

  #freshVariable(): CelType {
    return typeParameter(`_var${this.#freshVariables++}`);
  }

  #list(expr: Extract<Expr, { kind: "list" }>): CelType {
    let elementType: CelType | undefined;
    for (const { value, optional } of expr.elements) elementType = this.#join(elementType, this.#maybeOptional(value, this.check(value), optional));
    return listOf(elementType ?? this.#freshVariable());
  }

  #map(expr: Extract<Expr, { kind: "map" }>): CelType {
    let keyType: CelType | undefined;
    let valueType: CelType | undefined;
    for (const { key, value, optional } of expr.entries) {
      keyType = this.#join(keyType, this.check(key));
      valueType = this.#join(valueType, this.#maybeOptional(value, this.check(value), optional));
    }
    return mapOf(keyType ?? this.#freshVariable(), valueType ?? this.#freshVariable());
  }

  #maybeOptional(expr: Expr, type: CelType, optional: boolean): CelType {
    if (!optional) return type;
    const unwrapped = unwrapOptional(type);
    if (!unwrapped.optional && !isDyn(unwrapped.type)) this.#mismatch(expr, optionalOf(type), type);
    return unwrapped.type;
  }

  #struct(expr: StructLiteral): CelType {
    const type = this.#declarations.structType(expr.typeName.replace(/^\./, ""));
    if (type === undefined) return this.#undeclaredStruct(expr);
    for (const field of expr.fields) {
      const valueType = this.check(field.value);
      const fieldType = type.kind === "object" ? type.field(field.name) : undefined;
      if (fieldType === undefined) this.#problems.report(field.offset, `undefined field '${field.name}'`);
      const given = this.#maybeOptional(field.value, valueType, field.optional);
      if (fieldType !== undefined && !this.#assign(fieldType, given)) {
        this.#problems.report(field.offset, `expected type of field '${field.name}' is '${formatType(fieldType)}' but provided type is '${formatType(given)}'`);
      }
    }
    return type;
  }

  #undeclaredStruct(expr: StructLiteral): CelType {
    if (this.#declarations.typeNamed(expr.typeName.replace(/^\./, "")) === undefined) return this.#undeclared(expr, expr.typeName);
    this.#problems.report(expr.offset, `'${expr.typeName}' is not a message type`);
    return ERROR;
  }

  #comprehension(expr: Comprehension): CelType {
    this.check(expr.range);
    const accuType = this.check(expr.init);
    const rangeType = this.#inference.substitute(this.#types.get(expr.range)!, false);
    const outer = this.#scope;
    const accuScope: Scope = { variables: new Map([[expr.accu, accuType]]), outer };
    this.#scope = accuScope;
    const [first, second] = this.#iterationTypes(expr, rangeType);
    const variables = new Map([[expr.variable, first]]);
    if (expr.secondVariable !== undefined) variables.set(expr.secondVariable, second);
    this.#scope = { variables, outer: accuScope };
    this.#expect(expr.condition, BOOL);
    this.#expect(expr.step, accuType);
    this.#scope = accuScope;
    const resultType = this.check(expr.result);
    this.#scope = outer;
    return this.#inference.substitute(resultType, false);
  }

  /** Of one variable: an element or a key. Of two: index and element, or key and value. */
  #iterationTypes(expr: Comprehension, range: CelType): [CelType, CelType] {
    const two = expr.secondVariable !== undefined;
    if (range.kind === "list") return two ? [INT, range.element] : [range.element, DYN];
    if (range.kind === "map") return [range.key, range.value];
    if (isDyn(range) || isError(range) || range.kind === "parameter") {
      this.#assign(DYN, range);
      return [DYN, DYN];
    }
    this.#problems.report(expr.range.offset, `expression of type '${formatType(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`);
    return [ERROR, ERROR];
  }

  #expect(expr: Expr, type: CelType): void {
    const actual = this.check(expr);
    if (!this.#assign(type, actual)) this.#mismatch(expr, type, actual);
  }

  /** Elements of different types make a list of dyn; that they may not differ is for the validators to say. */
  #join(previous: CelType | undefined, current: CelType): CelType {
    if (previous === undefined) return current;
    return this.#assign(previous, current) ? mostGeneral(previous, current) : DYN;
  }

  #assign(from: CelType, to: CelType): boolean {
    return this.#inference.assign([[from, to]]);
  }

  #mismatch(expr: Expr, expected: CelType, actual: CelType): void {
    this.#problems.report(expr.offset, `expected type '${formatType(expected)}' but found '${formatType(actual)}'`);
  }
}

/** `a.b.c` of selections that are all names; undefined for any other expression. */
function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === "ident") return expr.name;
  if (expr.kind !== "select" || expr.testOnly) return undefined;
  const prefix = qualifiedName(expr.operand);
  return prefix === undefined ? undefined : `${prefix}.${expr.field}`;
}

function literalType(value: CelValue): CelType {
  if (typeof value === "boolean") return BOOL;
  if (typeof value === "bigint") return INT;
  if (typeof value === "string") return STRING;
  if (value instanceof CelDouble) return DOUBLE;
  if (value instanceof CelUint) return UINT;
  return value instanceof CelBytes ? BYTES : NULL;
}

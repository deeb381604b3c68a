/**
 * Compiles the validation rules of one schema, not of those within.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/schema/cel/compilation.go
 */
import { BOOL, CelCompileError, STRING, compile, declaredType, maxCardinality, optionalOf, type CelEnvironment, type CelProgram, type DeclaredType, type SchemaForCel } from "#cel/index.ts";
import { findField } from "./field-path.ts";
import type { JsonSchema, ValidationRule } from "./json-schema.ts";

export interface CompiledRule {
  rule: ValidationRule;
  /** Undefined with an {@link error}, and for an empty rule. */
  program?: CelProgram;
  error?: string;
  usesOldSelf: boolean;
  /** The most that one evaluation can cost. */
  maxCost: number;
  /** How often the data can be in one request, if the schema around it doesn't say. */
  maxCardinality: number;
  message?: CelProgram;
  messageError?: string;
  messageMaxCost: number;
  /** Where to report, relative to the schema; empty for its own place. */
  fieldPath: string;
}

/** Empty where there are none, and where the data can't be seen by expressions. */
export function compileRules(schema: JsonSchema, isResource: boolean): CompiledRule[] {
  const rules = schema["x-kubernetes-validations"] ?? [];
  if (rules.length === 0) return [];
  const declared = declaredType(schema as SchemaForCel, { name: "selfType", resourceRoot: isResource });
  return declared ? rules.map((rule) => compileRule(rule, schema, declared)) : [];
}

function compileRule(rule: ValidationRule, schema: JsonSchema, { type, minSerializedBytes }: DeclaredType): CompiledRule {
  const compiled: CompiledRule = {
    rule,
    usesOldSelf: false,
    maxCost: 0,
    maxCardinality: maxCardinality(minSerializedBytes),
    messageMaxCost: 0,
    fieldPath: normalized(rule.fieldPath, schema),
  };
  if (rule.rule.trim() === "") return compiled;
  const environment: CelEnvironment = { variables: { self: type, oldSelf: rule.optionalOldSelf ? optionalOf(type) : type } };
  const [program, error] = tryCompile(rule.rule, environment);
  if (!program) return { ...compiled, error: `compilation failed: ${error}` };
  if (program.resultType !== BOOL) return { ...compiled, error: "cel expression must evaluate to a bool" };
  compiled.program = program;
  compiled.usesOldSelf = program.references.has("oldSelf");
  compiled.maxCost = program.estimateCost().max;
  if (!rule.messageExpression) return compiled;
  const [message, messageError] = tryCompile(rule.messageExpression, environment);
  if (!message) return { ...compiled, messageError: `messageExpression compilation failed: ${messageError}` };
  if (message.resultType !== STRING) return { ...compiled, messageError: "messageExpression must evaluate to a string" };
  return { ...compiled, message, messageMaxCost: message.estimateCost().max };
}

function tryCompile(expression: string, environment: CelEnvironment): [CelProgram, undefined] | [undefined, string] {
  try {
    return [compile(expression, environment), undefined];
  } catch (error) {
    if (error instanceof CelCompileError) return [undefined, error.message];
    throw error;
  }
}

/** A path that isn't valid has been refused; it can only be of an older definition. */
function normalized(fieldPath: string | undefined, schema: JsonSchema): string {
  if (!fieldPath) return "";
  try {
    return findField(fieldPath, schema).path;
  } catch {
    return "";
  }
}

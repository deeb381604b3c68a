/**
 * Validation rules (`x-kubernetes-validations`): compiled once for a schema, evaluated for each object.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/schema/cel/validation.go
 * @see https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
 */
import { CelEvaluationError, compile, MAX_MESSAGE_BYTES, RUNTIME_COST_BUDGET } from "#cel/index.ts";
import { duplicate, forbidden, invalid, invalidTogether, required } from "../definitions/field-errors.ts";
import type { FieldError } from "../errors.ts";
import { compileRules, type CompiledRule } from "./compile-rules.ts";
import { itemsByKey, keyOf, type Correlation } from "./correlation.ts";
import { childPath, isJsonObject, itemsOf, propertyOf, valuesOf, type JsonObject, type JsonSchema, type ValidationRule } from "./json-schema.ts";

/** A schema that has rules, or has them within. */
interface RuleNode {
  schema: JsonSchema;
  rules: CompiledRule[];
  items: RuleNode | undefined;
  values: RuleNode | undefined;
  properties: Map<string, RuleNode>;
}

export interface RuleOptions {
  path?: string;
  /** The value with the one it replaces: rules that failed before may fail on, with a warning. */
  correlation?: Correlation | undefined;
  warn?: ((text: string) => void) | undefined;
  /** What the rules may cost together. */
  budget?: number;
}

export interface RuleOutcome {
  errors: FieldError[];
  /** What is left of the budget; negative when it was exceeded, or when rules could not be evaluated any more. */
  budget: number;
}

export class RuleValidator {
  readonly #root: RuleNode;

  private constructor(root: RuleNode) {
    this.#root = root;
  }

  /** Undefined for a schema without rules. `isResource`: the schema is of a whole resource. */
  static of(schema: JsonSchema, isResource: boolean): RuleValidator | undefined {
    const root = ruleNode(schema, isResource);
    return root && new RuleValidator(root);
  }

  /** `old` is what an update replaces; undefined for a create. */
  validate(value: unknown, old: unknown, { path = "", correlation, warn, budget = RUNTIME_COST_BUDGET }: RuleOptions = {}): RuleOutcome {
    const evaluation = new Evaluation(budget, warn ?? (() => {}));
    evaluation.node(this.#root, value, old, path, { current: correlation });
    return { errors: evaluation.errors, budget: evaluation.budget };
  }
}

/** Undefined where there are no rules. */
function ruleNode(schema: JsonSchema | undefined, isResource = schema?.["x-kubernetes-embedded-resource"] === true): RuleNode | undefined {
  if (!schema) return undefined;
  const properties = new Map<string, RuleNode>();
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const node = ruleNode(property);
    if (node) properties.set(name, node);
  }
  const items = ruleNode(itemsOf(schema));
  const values = ruleNode(valuesOf(schema));
  const rules = compileRules(schema, isResource);
  return rules.length > 0 || items || values || properties.size > 0 ? { schema, rules, items, values, properties } : undefined;
}

/** The nearest pairs of values that tell whether an error is an old one. */
interface Ratchet {
  /** The value itself, where it can be paired. */
  current?: Correlation | undefined;
  /** Else the nearest value around it. */
  parent?: Correlation | undefined;
}

function isOldError({ current, parent }: Ratchet): boolean {
  return (current ?? parent)?.unchanged ?? false;
}

function ratchetOfField(ratchet: Ratchet, name: string): Ratchet {
  const { current, parent } = ratchet;
  if (!current) return ratchet;
  if (!parent && (name === "apiVersion" || name === "kind")) return {};
  return { current: current.field(name), parent: current };
}

function ratchetOfItem(ratchet: Ratchet, index: number): Ratchet {
  return ratchet.current ? { current: ratchet.current.item(index), parent: ratchet.current } : ratchet;
}

/** Rules are not evaluated any more: the errors say why. */
class Stopped extends Error {}

/** One run of all rules over one object, which share a budget. */
class Evaluation {
  readonly errors: FieldError[] = [];
  budget: number;
  readonly #warn: (text: string) => void;

  constructor(budget: number, warn: (text: string) => void) {
    this.budget = budget;
    this.#warn = warn;
  }

  node(root: RuleNode, value: unknown, old: unknown, path: string, ratchet: Ratchet): void {
    try {
      this.#visit(root, value, old, path, ratchet);
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      this.budget = -1;
    }
  }

  #visit(node: RuleNode, value: unknown, old: unknown, path: string, ratchet: Ratchet): void {
    // Rules about nulls are rules of what is around them.
    if (value === null || value === undefined) return;
    for (const rule of node.rules) this.#evaluate(rule, node.schema, value, old ?? undefined, path, ratchet);
    if (Array.isArray(value)) this.#visitItems(node, value, old, path, ratchet);
    else if (isJsonObject(value)) this.#visitFields(node, value, isJsonObject(old) ? old : {}, path, ratchet);
  }

  #visitItems({ schema, items }: RuleNode, list: unknown[], old: unknown, path: string, ratchet: Ratchet): void {
    if (!items) return;
    const oldItems = itemsByKey(Array.isArray(old) ? old : [], schema);
    list.forEach((item, i) => {
      const key = keyOf(item, schema);
      this.#visit(items, item, key === undefined ? undefined : oldItems.get(key), `${path}[${i}]`, ratchetOfItem(ratchet, i));
    });
  }

  #visitFields({ schema, properties, values }: RuleNode, object: JsonObject, old: JsonObject, path: string, ratchet: Ratchet): void {
    if (!values && properties.size === 0) return;
    for (const [name, field] of Object.entries(object)) {
      const oldField = Object.hasOwn(old, name) ? old[name] : undefined;
      const property = properties.get(name);
      if (property) this.#visit(property, field, oldField, childPath(path, name), ratchetOfField(ratchet, name));
      else if (values && !propertyOf(schema, name)) this.#visit(values, field, oldField, `${path}[${name}]`, ratchetOfField(ratchet, name));
    }
  }

  #evaluate(compiled: CompiledRule, schema: JsonSchema, self: unknown, oldSelf: unknown, path: string, ratchet: Ratchet): void {
    const { rule, program, usesOldSelf } = compiled;
    const type = schema.type ?? "";
    const complain = (why: string): void => void this.errors.push(invalid(path || ROOT, type, why));
    if (this.budget <= 0) {
      complain(OUT_OF_BUDGET);
      throw new Stopped();
    }
    if (compiled.error !== undefined) return complain(`rule compile error: ${compiled.error}`);
    if (!program) return;
    // A transition rule needs something that there was before, unless it says that it doesn't.
    if (usesOldSelf && oldSelf === undefined && !rule.optionalOldSelf) return;
    const bindings = bindingsOf(compiled, self, oldSelf);
    try {
      const { value, cost } = program.evaluate(bindings);
      this.#pay(cost, complain);
      if (value === true) return;
    } catch (error) {
      if (!(error instanceof CelEvaluationError)) throw error;
      this.#pay(error.cost, complain);
      if (error.costLimitExceeded) {
        complain(`'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${ruleText(rule)}`);
        throw new Stopped();
      }
      return complain(
        error.message.startsWith("no such overload")
          ? `'${error.message}': call arguments did not match a supported operator, function or macro signature for rule: ${ruleText(rule)}`
          : `${error.message} evaluating rule: ${ruleText(rule)}`,
      );
    }
    this.#fail(compiled, schema, self, bindings, compiled.fieldPath === "" ? path : childPath(path, compiled.fieldPath), ratchet);
  }

  #pay(cost: number, complain: (why: string) => void): void {
    if (cost > this.budget) {
      complain(OUT_OF_BUDGET);
      throw new Stopped();
    }
    this.budget -= cost;
  }

  /** Notes that a rule wasn't kept; its message may be the result of an expression, too. */
  #fail(compiled: CompiledRule, { type }: JsonSchema, self: unknown, bindings: Record<string, unknown>, path: string, ratchet: Ratchet): void {
    const field = path || ROOT;
    const report = (error: FieldError): void => {
      if (!compiled.usesOldSelf && isOldError(ratchet)) this.#warn(`${error.field}: ${error.message}`);
      else this.errors.push(error);
    };
    const stop = (why: string): never => {
      report(invalid(field, type ?? "", why));
      throw new Stopped();
    };
    const detail = this.#message(compiled, bindings, stop) ?? defaultMessage(compiled.rule);
    const value = type === "object" || type === "array" ? undefined : self;
    const { reason } = compiled.rule;
    if (reason === "FieldValueForbidden") return report(forbidden(field, detail));
    if (reason === "FieldValueRequired") return report(required(field, detail));
    if (reason === "FieldValueDuplicate") return report(value === undefined ? { field, type: "Duplicate", message: "Duplicate value" } : duplicate(field, value));
    report(value === undefined ? invalidTogether(field, detail) : invalid(field, value, detail));
  }

  /** What the rule's message expression comes to; undefined when that is no proper message. */
  #message({ message, rule }: CompiledRule, bindings: Record<string, unknown>, stop: (why: string) => never): string | undefined {
    if (!message) return undefined;
    let text: unknown;
    let cost: number;
    try {
      ({ value: text, cost } = message.evaluate(bindings));
    } catch (error) {
      if (!(error instanceof CelEvaluationError)) throw error;
      if (error.costLimitExceeded) stop(`no further validation rules will be run due to call cost exceeds limit for messageExpression: ${JSON.stringify(rule.messageExpression)}`);
      ({ cost } = error);
    }
    if (cost > this.budget) stop("messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run");
    this.budget -= cost;
    const trimmed = typeof text === "string" ? text.trim() : "";
    return trimmed === "" || trimmed.includes("\n") || Buffer.byteLength(trimmed) > MAX_MESSAGE_BYTES ? undefined : trimmed;
  }
}

/** The path of an error of the root, as Go prints it. */
const ROOT = "<nil>";
const OUT_OF_BUDGET = "validation failed due to running out of cost budget, no further validation rules will be run";

function bindingsOf({ usesOldSelf }: CompiledRule, self: unknown, oldSelf: unknown): Record<string, unknown> {
  return usesOldSelf ? { self, oldSelf: oldSelf ?? NOTHING } : { self };
}

/** What an optional oldSelf is where there was nothing before. */
const NOTHING: unknown = compile("optional.none()", { variables: {} }).evaluate({}).celValue;

function ruleText({ rule, message = "" }: ValidationRule): string {
  return (message || rule).trim();
}

function defaultMessage(rule: ValidationRule): string {
  return rule.message ? rule.message.trim() : `failed rule: ${ruleText(rule)}`;
}

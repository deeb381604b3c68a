/**
 * The mutations of a MutatingAdmissionPolicy, as functions from one object to the next.
 * @see https://github.com/kubernetes/apiserver/tree/master/pkg/admission/plugin/policy/mutating/patch
 */
import { RUNTIME_COST_BUDGET, typeNameMismatches } from "#cel/index.ts";
import { StatusError } from "#api/errors.ts";
import { APPLY_CONFIGURATION, compileExpression, compileVariables, environmentOf, JSON_PATCH } from "#api/admission-expressions.ts";
import type { FieldSchema } from "#api/field-schema.ts";
import { schemaOf } from "#api/object-schema.ts";
import type { ResourceDefinition } from "#api/scheme.ts";
import type { KubeObject, MutatingAdmissionPolicy } from "#api/types.ts";
import { merge } from "../../fieldmanager/merge.ts";
import { fieldOf, formsOf, isMap, SchemaMismatch } from "../../fieldmanager/typed.ts";
import { validate } from "../../fieldmanager/validate.ts";
import { applyJsonPatch } from "../../patch/json-patch.ts";
import { patchProblem } from "../patch-problem.ts";
import type { AdmittedKind } from "../admission.ts";
import { Evaluation } from "../cel/evaluation.ts";
import { matchConditions, type MatchConditions } from "../cel/match-conditions.ts";
import type { Bindings } from "../cel/variables.ts";

/** What an expression came to can't be applied; the message says why. */
export class MutationError extends Error {}

/** Throws an ExpressionError, a BudgetExceeded or a MutationError. */
type Mutation = (object: KubeObject, kind: AdmittedKind | ResourceDefinition, bindings: Bindings) => unknown;

export interface CompiledMutations {
  conditions: MatchConditions;
  mutations: Mutation[];
}

const compiled = new WeakMap<MutatingAdmissionPolicy, CompiledMutations>();

export function compiledMutations(policy: MutatingAdmissionPolicy): CompiledMutations {
  let result = compiled.get(policy);
  if (!result) compiled.set(policy, (result = compilePolicy(policy)));
  return result;
}

function compilePolicy({ spec }: MutatingAdmissionPolicy): CompiledMutations {
  const params = spec.paramKind !== undefined;
  const variables = compileVariables(spec.variables ?? [], { params, authorizer: true });
  const environment = environmentOf({ params, authorizer: true, variables: variables.types, patchTypes: true });
  return {
    conditions: matchConditions(spec.matchConditions ?? [], spec.failurePolicy === "Ignore", { params, authorizer: true }),
    mutations: (spec.mutations ?? []).map(({ patchType, applyConfiguration, jsonPatch }): Mutation => {
      const isPatch = patchType === "JSONPatch";
      const expression = compileExpression((isPatch ? jsonPatch : applyConfiguration)?.expression ?? "", environment, isPatch ? JSON_PATCH : APPLY_CONFIGURATION);
      const apply = isPatch ? applyPatch : applyConfigurationTo;
      return (object, kind, bindings) => {
        const { celValue, value } = new Evaluation(bindings, RUNTIME_COST_BUDGET, variables).run(expression);
        const mismatches = typeNameMismatches(celValue);
        if (mismatches.length > 0) throw new MutationError(`type mismatch: ${mismatches.join("\n")}`);
        return apply(object, kind, value);
      };
    }),
  };
}

/** As server-side apply merges, but without anyone owning what is set. */
function applyConfigurationTo(object: KubeObject, kind: AdmittedKind | ResourceDefinition, configuration: unknown): unknown {
  const schema = schemaOf({ model: kind.model!, ..."schema" in kind ? { schema: kind.schema } : {} }).fields();
  const { apiVersion, kind: name } = object;
  const patch = { ...(configuration as Record<string, unknown>), apiVersion, kind: name };
  try {
    validate(schema, patch);
    const atomics = atomicsIn(schema, patch);
    if (atomics.length > 0) throw new MutationError(`error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(", ")}`);
    return structuredClone(merge(schema, object, patch));
  } catch (error) {
    if (!(error instanceof SchemaMismatch)) throw error;
    throw new MutationError(`error applying patch: failed to convert patch object to typed object: ${error.message}`, { cause: error });
  }
}

/** What would be replaced as a whole, with all that isn't named in it lost. */
function atomicsIn(schema: FieldSchema, value: unknown, path = ""): string[] {
  const { map, list } = formsOf(schema, value);
  if (map && isMap(value)) {
    const inner = Object.entries(value).flatMap(([name, item]) => {
      const field = fieldOf(map, name);
      return field ? atomicsIn(field, item, `${path}.${name}`) : [];
    });
    return map.atomic ? [path, ...inner] : inner;
  }
  if (list && Array.isArray(value)) {
    const inner = value.flatMap((item, i) => atomicsIn(list.items, item, `${path}[${i}]`));
    return list.type === "atomic" ? [path, ...inner] : inner;
  }
  return [];
}

function applyPatch(object: KubeObject, kind: AdmittedKind | ResourceDefinition, patch: unknown): unknown {
  const operations = patch as { op: string; path: string }[];
  try {
    const next = applyJsonPatch(object, operations) as object;
    if (kind.model || "schema" in kind) schemaOf({ model: kind.model ?? "", ..."schema" in kind ? { schema: kind.schema } : {} }).prune(next);
    return next;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const problem = patchProblem(error);
    // A test that fails means: leave it.
    if (problem.endsWith("test failed")) return object;
    throw new MutationError(`JSON Patch: ${problem}`, { cause: error });
  }
}

/**
 * MutatingAdmissionPolicies: requests are changed as CEL expressions say, by server-side apply's merge or by
 * JSON Patch.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/policy/mutating/dispatcher.go
 */
import { isDeepStrictEqual } from "node:util";
import type { StatusError } from "#api/errors.ts";
import type { KubeObject, MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding } from "#api/types.ts";
import { refusal, type AdmissionPlugin, type Attributes } from "../admission.ts";
import { BudgetExceeded, ExpressionError } from "../cel/evaluation.ts";
import { bindingsOf } from "../cel/variables.ts";
import { convert, isExempt } from "../matching.ts";
import { reinvocationOf } from "../reinvocation.ts";
import { invocationsOf, type Invocation, type PolicyFinders } from "./invocations.ts";
import { compiledMutations, MutationError } from "./mutations.ts";

const NAME = "MutatingAdmissionPolicy";

export interface MutatingPolicyFinders extends PolicyFinders {
  policies: () => MutatingAdmissionPolicy[];
  bindings: () => MutatingAdmissionPolicyBinding[];
}

interface Problem {
  policy: MutatingAdmissionPolicy;
  binding: MutatingAdmissionPolicyBinding | undefined;
  message: string;
  /** Of expressions that fail; misconfigurations leave the reason of a refusal. */
  reason?: string;
}

export function mutatingPolicies(find: MutatingPolicyFinders): AdmissionPlugin {
  return {
    name: NAME,
    admit(attributes) {
      if (isExempt(attributes)) return;
      const policies = find.policies();
      if (policies.length === 0) return;
      const { invocations, misconfigured } = invocationsOf(policies, find.bindings, attributes, find);
      const problems: Problem[] = [...misconfigured];
      const memory = reinvocationOf(attributes, NAME);
      for (const invocation of invocations) {
        const { policy, binding, param } = invocation;
        const id = [policy, binding, param].map((object) => `${object?.metadata.namespace ?? ""}/${object?.metadata.name ?? ""}`).join(" ");
        const before = attributes.object;
        const asked = mutate(invocation, attributes, find, () => memory.isDue(id), (message) => {
          if (policy.spec.failurePolicy !== "Ignore") problems.push({ policy, binding, message, reason: "Invalid" });
        });
        if (asked) memory.asked(id, policy.spec.reinvocationPolicy === "IfNeeded", before !== attributes.object);
      }
      memory.done();
      if (problems.length > 0) throw denied(attributes, problems);
    },
  };
}

/** Applies a policy's mutations one after the other; false when it isn't asked at all. */
function mutate(
  { policy, match, param }: Invocation<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding>,
  attributes: Attributes,
  find: PolicyFinders,
  isDue: () => boolean,
  blame: (message: string) => void,
): boolean {
  const { conditions, mutations } = compiledMutations(policy);
  const bindings = () => ({ ...bindingsOf(attributes, match, find), params: param ?? null });
  try {
    if (!conditions.none && !conditions.hold(bindings())) return false;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    blame(error.message);
    return false;
  }
  if (!isDue()) return false;
  for (const apply of mutations) {
    const { object, definition, kind } = attributes;
    if (!object) continue;
    try {
      const seen = kind ? object : convert(object, definition, match.definition);
      const next = apply(seen, kind ?? match.definition, bindings()) as KubeObject;
      if (!kind) match.definition.setDefaults?.(next);
      if (!isDeepStrictEqual(next, seen)) attributes.object = kind ? next : convert(next, match.definition, definition);
    } catch (error) {
      if (!(error instanceof ExpressionError || error instanceof BudgetExceeded || error instanceof MutationError)) throw error;
      blame(error.message);
    }
  }
  return true;
}

/** Told by the first problem, with all of them as causes. */
function denied(attributes: Attributes, problems: Problem[]): StatusError {
  const messages = problems.map(({ policy, binding, message }) =>
    binding ? `policy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}` : `policy ${JSON.stringify(policy.metadata.name)} denied request: ${message}`,
  );
  const error = refusal(attributes, "admission request denied by policy");
  error.message = messages[0]!;
  Object.assign(error.status, { message: messages[0], ...(problems[0]!.reason ? { reason: problems[0]!.reason } : {}) });
  error.status.details!.causes = messages.map((message) => ({ message }));
  return error;
}

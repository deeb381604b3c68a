/**
 * Which policies a request is subject to, by which bindings, and with which params.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/policy/generic/policy_dispatcher.go
 */
import { errorMessage } from "#lib/log.ts";
import type { KubeObject, MatchResources, ParamKind, ParamRef } from "#api/types.ts";
import type { Attributes } from "../admission.ts";
import type { CelFinders } from "../cel/variables.ts";
import { matcherOf, matchOf, namespaceNameOf, type Match, type Matcher, type MatchFinders } from "../matching.ts";
import { paramDefinitionOf, paramsOf, type ParamFinders } from "./params.ts";

interface PolicyLike extends KubeObject {
  spec: { matchConstraints?: MatchResources; paramKind?: ParamKind; failurePolicy?: string };
}

interface BindingLike extends KubeObject {
  spec: { policyName?: string; matchResources?: MatchResources; paramRef?: ParamRef };
}

export type PolicyFinders = MatchFinders & CelFinders & ParamFinders;

/** One evaluation of a policy. */
export interface Invocation<P extends PolicyLike, B extends BindingLike> {
  policy: P;
  binding: B;
  match: Match;
  param: KubeObject | undefined;
}

/** What keeps a policy from being evaluated. */
export interface Misconfiguration<P extends PolicyLike, B extends BindingLike> {
  policy: P;
  /** Where the binding is at fault. */
  binding: B | undefined;
  message: string;
}

export interface Invocations<P extends PolicyLike, B extends BindingLike> {
  invocations: Invocation<P, B>[];
  /** Of policies whose failures aren't ignored. */
  misconfigured: Misconfiguration<P, B>[];
}

const matchers = new WeakMap<KubeObject, Matcher>();

function matcherFor(owner: KubeObject, resources: MatchResources | undefined): Matcher {
  let matcher = matchers.get(owner);
  if (!matcher) matchers.set(owner, (matcher = matcherOf(resources)));
  return matcher;
}

/** In the order of the policies' names, then of the bindings'. */
export function invocationsOf<P extends PolicyLike, B extends BindingLike>(policies: readonly P[], bindings: () => readonly B[], attributes: Attributes, find: PolicyFinders): Invocations<P, B> {
  const invocations: Invocation<P, B>[] = [];
  const misconfigured: Misconfiguration<P, B>[] = [];
  for (const policy of policies) {
    const blame = (error: unknown, binding?: B): void => {
      if (policy.spec.failurePolicy === "Ignore") return;
      misconfigured.push({ policy, binding, message: `failed to configure ${binding ? "binding" : "policy"}: ${errorMessage(error)}` });
    };
    try {
      const match = matchOf(matcherFor(policy, policy.spec.matchConstraints), attributes, find);
      if (!match) continue;
      const definition = paramDefinitionOf(policy.spec.paramKind, find);
      for (const binding of bindings()) {
        if (binding.spec.policyName !== policy.metadata.name) continue;
        try {
          if (!matchOf(matcherFor(binding, binding.spec.matchResources), attributes, find)) continue;
          for (const param of paramsOf(definition, binding.spec.paramRef, namespaceNameOf(attributes), find)) invocations.push({ policy, binding, match, param });
        } catch (error) {
          blame(error, binding);
        }
      }
    } catch (error) {
      blame(error);
    }
  }
  return { invocations, misconfigured };
}

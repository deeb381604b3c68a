/**
 * The objects that a policy binding gives to its policy as `params`.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/policy/generic/policy_dispatcher.go (CollectParams)
 */
import { fromLabelSelector, matches } from "#lib/selectors.ts";
import { apiVersionOf } from "#api/resources.ts";
import type { ResourceDefinition } from "#api/scheme.ts";
import type { KubeObject, ParamKind, ParamRef } from "#api/types.ts";

/** A policy or a binding that can't be used as it is; the message says why. */
export class ConfigurationError extends Error {}

export interface ParamFinders {
  definitions: () => readonly ResourceDefinition[];
  object: (definition: ResourceDefinition, namespace: string, name: string) => KubeObject | undefined;
  list: (definition: ResourceDefinition, namespace: string) => KubeObject[];
}

/** The definition of a policy's paramKind; undefined when it has none. Throws a ConfigurationError when that isn't served. */
export function paramDefinitionOf(paramKind: ParamKind | undefined, find: ParamFinders): ResourceDefinition | undefined {
  if (!paramKind) return undefined;
  const { apiVersion = "", kind = "" } = paramKind;
  const found = find.definitions().find((definition) => definition.kind === kind && apiVersionOf(definition) === apiVersion);
  if (!found) throw new ConfigurationError(`failed to find resource referenced by paramKind: '${apiVersion}, Kind=${kind}'`);
  return found;
}

/** Once for each of these is the policy evaluated: one `undefined` where there is nothing to give. Throws a ConfigurationError. */
export function paramsOf(definition: ResourceDefinition | undefined, ref: ParamRef | undefined, namespace: string, find: ParamFinders): (KubeObject | undefined)[] {
  if (!definition || !ref) return [undefined];
  if (!definition.namespaced && ref.namespace) throw new ConfigurationError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
  const from = definition.namespaced ? ref.namespace || namespace : "";
  if (definition.namespaced && from === "") throw new ConfigurationError("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources");
  const params = ref.name ? [find.object(definition, from, ref.name)].filter((param) => param !== undefined) : selected(ref, find.list(definition, from));
  if (params.length === 0 && ref.parameterNotFoundAction === "Deny") {
    throw new ConfigurationError("no params found for policy binding with `Deny` parameterNotFoundAction");
  }
  return params;
}

function selected({ selector }: ParamRef, objects: KubeObject[]): KubeObject[] {
  const requirements = fromLabelSelector(selector);
  return objects.filter(({ metadata }) => matches(requirements, metadata.labels));
}

/**
 * Which requests a webhook or a policy is about: rules, and selectors of namespaces and objects.
 * @see https://github.com/kubernetes/apiserver/tree/master/pkg/admission/plugin/webhook/predicates
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/policy/matching/matching.go
 */
import { fromLabelSelector, matches, type LabelSelectorLike, type Requirement } from "#lib/selectors.ts";
import { notFound } from "#api/errors.ts";
import type { ResourceDefinition } from "#api/scheme.ts";
import type { KubeObject, MatchResources, Namespace } from "#api/types.ts";
import type { AdmittedKind, Attributes } from "./admission.ts";

export interface Rule {
  operations?: string[] | undefined;
  apiGroups?: string[] | undefined;
  apiVersions?: string[] | undefined;
  resources?: string[] | undefined;
  scope?: string | undefined;
  /** Of policies only. */
  resourceNames?: string[] | undefined;
}

/** What decides on a request, in parsed form. */
export interface Matcher {
  /** Undefined for every request. */
  rules: readonly Rule[] | undefined;
  /** Rules that take away from the others; of policies only. */
  excluded: readonly Rule[];
  /** Whether rules also mean the other versions of what they name. */
  equivalent: boolean;
  namespaces: Requirement[];
  objects: Requirement[];
}

/** The version of the resource, and of its kind, in which a webhook or a policy sees the request. */
export interface Match {
  definition: ResourceDefinition;
  kind: AdmittedKind;
}

export interface MatchFinders {
  namespace: (name: string) => Namespace | undefined;
  /** The other versions in which the same objects are served. */
  equivalents: (definition: ResourceDefinition) => ResourceDefinition[];
}

const ADMISSION_GROUP = "admissionregistration.k8s.io";

/** The configuration of admission is not itself subject to what it configures: nobody could mend it. */
export function isExempt({ definition }: Attributes): boolean {
  return definition.group === ADMISSION_GROUP;
}

/** The MatchResources of a policy, or of a binding; a binding without one takes everything. */
export function matcherOf(resources: MatchResources | undefined): Matcher {
  const { resourceRules = [], excludeResourceRules = [], matchPolicy, namespaceSelector, objectSelector } = resources ?? {};
  return {
    rules: resourceRules.length > 0 ? resourceRules : undefined,
    excluded: excludeResourceRules,
    equivalent: matchPolicy === "Equivalent",
    namespaces: selectorOf(namespaceSelector),
    objects: selectorOf(objectSelector),
  };
}

export function selectorOf(selector: LabelSelectorLike | undefined): Requirement[] {
  return fromLabelSelector(selector ?? {})!;
}

/** How the request is seen by who has these rules; undefined when it isn't. Throws NotFound when its namespace isn't there. */
export function matchOf(matcher: Matcher, attributes: Attributes, find: MatchFinders): Match | undefined {
  const { objects, namespaces, excluded, equivalent } = matcher;
  const hasLabels = (object: KubeObject | undefined): boolean => object !== undefined && matches(objects, object.metadata?.labels);
  if (objects.length > 0 && !hasLabels(attributes.object) && !hasLabels(attributes.oldObject)) return undefined;
  const seen = matcher.rules ? matchRules(matcher.rules, attributes, equivalent, find) : asIs(attributes);
  if (!seen || (excluded.length > 0 && matchRules(excluded, attributes, equivalent, find))) return undefined;
  return namespaces.length > 0 && !matchesNamespace(namespaces, attributes, find) ? undefined : seen;
}

function asIs({ definition, kind }: Attributes): Match {
  return { definition, kind: kind ?? definition };
}

function matchRules(rules: readonly Rule[], attributes: Attributes, equivalent: boolean, find: MatchFinders): Match | undefined {
  const { definition } = attributes;
  if (rules.some((rule) => matchesRule(rule, attributes, definition))) return asIs(attributes);
  if (!equivalent) return undefined;
  const others = find.equivalents(definition);
  for (const rule of rules) {
    const other = others.find((candidate) => matchesRule(rule, attributes, candidate));
    if (other) return { definition: other, kind: attributes.kind ?? other };
  }
  return undefined;
}

/** Whether a rule is about the request, were it for this version of the resource. */
export function matchesRule(rule: Rule, attributes: Attributes, { group, version, plural }: ResourceDefinition): boolean {
  const { operation, subresource, name } = attributes;
  const oneOf = (values: string[] | undefined, wanted: string): boolean => values?.some((value) => value === "*" || value === wanted) ?? false;
  return (
    inScope(rule.scope, attributes) &&
    oneOf(rule.operations, operation) &&
    oneOf(rule.apiGroups, group) &&
    oneOf(rule.apiVersions, version) &&
    (rule.resources?.some((resource) => matchesResource(resource, plural, subresource)) ?? false) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(name))
  );
}

function matchesResource(text: string, plural: string, subresource: string): boolean {
  const slash = text.indexOf("/");
  const resource = slash < 0 ? text : text.slice(0, slash);
  const sub = slash < 0 ? "" : text.slice(slash + 1);
  return (resource === "*" || resource === plural) && (sub === "*" || sub === subresource);
}

function inScope(scope: string | undefined, attributes: Attributes): boolean {
  if (scope === undefined || scope === "*") return true;
  const namespaced = attributes.namespace !== "";
  return scope === "Namespaced" ? namespaced : scope === "Cluster" && !namespaced;
}

function isNamespace({ definition }: Attributes): boolean {
  return definition.group === "" && definition.plural === "namespaces";
}

/** The namespace that a request is in; a namespace is in itself. */
export function namespaceNameOf(attributes: Attributes): string {
  return isNamespace(attributes) ? attributes.name : attributes.namespace;
}

/** What is in no namespace is never left out by a selector of namespaces. */
function matchesNamespace(selector: Requirement[], attributes: Attributes, find: MatchFinders): boolean {
  if (attributes.namespace === "" && !isNamespace(attributes)) return true;
  const { operation, subresource, object } = attributes;
  // What is about to be written counts, not what is there.
  if (isNamespace(attributes) && subresource === "" && (operation === "CREATE" || operation === "UPDATE")) return matches(selector, object!.metadata.labels);
  const name = namespaceNameOf(attributes);
  const namespace = find.namespace(name);
  if (!namespace) throw notFound({ resource: "namespaces", name });
  return matches(selector, namespace.metadata.labels);
}

/** An object of one version as another one shows it. */
export function convert(object: KubeObject, from: ResourceDefinition, to: ResourceDefinition): KubeObject {
  if (from === to) return object;
  const copy = structuredClone(object);
  const stored = from.stored ? from.stored.toStored(copy) : copy;
  return to.stored ? to.stored.fromStored(stored) : stored;
}

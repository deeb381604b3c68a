/**
 * The arithmetic of RBAC's rules: what one allows, and whether some cover others.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/rbac/v1/evaluation_helpers.go
 * @see https://github.com/kubernetes/component-helpers/blob/master/auth/rbac/validation/policy_comparator.go
 */
import type { PolicyRule } from "#api/types.ts";
import type { Attributes } from "./authorizer.ts";

const ALL = "*";

/** Whether a rule allows a request. */
export function ruleAllows(rule: PolicyRule, { verb, path, resource }: Attributes): boolean {
  if (!includes(rule.verbs, verb)) return false;
  if (!resource) return rule.nonResourceURLs?.some((url) => matchesUrl(url, path)) ?? false;
  return (
    includes(rule.apiGroups, resource.group) &&
    (rule.resources?.some((known) => matchesResource(known, resource.resource, resource.subresource)) ?? false) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(resource.name))
  );
}

function includes(known: string[] | undefined, wanted: string): boolean {
  return known?.some((value) => value === ALL || value === wanted) ?? false;
}

/** `*` is everything with all its subresources, `pods/log` the one subresource, `*\/scale` that of every resource. */
function matchesResource(known: string, resource: string, subresource: string): boolean {
  if (known === ALL) return true;
  if (subresource === "") return known === resource;
  return known === `${resource}/${subresource}` || known === `*/${subresource}`;
}

function matchesUrl(known: string, path: string): boolean {
  return known === ALL || known === path || (known.endsWith(ALL) && path.startsWith(known.slice(0, -1)));
}

/** What of `wanted` the rules of `held` don't allow, taken apart into single verbs and resources; nothing when they cover it all. */
export function uncovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(takenApart).filter((single) => !held.some((rule) => covers(rule, single)));
}

/** Rules with at most one verb, group, resource, name and path each, which together mean the same. */
function takenApart({ verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule): PolicyRule[] {
  const names = resourceNames.length > 0 ? resourceNames.map((name) => ({ resourceNames: [name] })) : [{}];
  const onResources = apiGroups.flatMap((group) =>
    resources.flatMap((resource) => verbs.flatMap((verb) => names.map((name) => ({ apiGroups: [group], resources: [resource], ...name, verbs: [verb] })))),
  );
  return [...onResources, ...nonResourceURLs.flatMap((url) => verbs.map((verb) => ({ nonResourceURLs: [url], verbs: [verb] })))];
}

/** `single` is one of {@link takenApart}. */
function covers(rule: PolicyRule, single: PolicyRule): boolean {
  const verb = single.verbs[0]!;
  if (!includes(rule.verbs, verb)) return false;
  const url = single.nonResourceURLs?.[0];
  if (url !== undefined) return rule.nonResourceURLs?.some((known) => matchesUrl(known, url)) ?? false;
  const [, subresource] = single.resources![0]!.split("/", 2);
  const name = single.resourceNames?.[0];
  return (
    includes(rule.apiGroups, single.apiGroups![0]!) &&
    (rule.resources?.some((known) => known === ALL || known === single.resources![0] || (subresource !== undefined && known === `*/${subresource}`)) ?? false) &&
    (!rule.resourceNames?.length || (name !== undefined && rule.resourceNames.includes(name)))
  );
}

/** Joins rules about the same single resource that differ in their verbs only. */
export function compacted(rules: readonly PolicyRule[]): PolicyRule[] {
  const others: PolicyRule[] = [];
  const simple = new Map<string, PolicyRule>();
  for (const rule of rules) {
    const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } = rule;
    if (apiGroups?.length !== 1 || resources?.length !== 1 || resourceNames?.length || nonResourceURLs?.length) {
      others.push(rule);
      continue;
    }
    const key = `${apiGroups[0]}/${resources[0]}`;
    const known = simple.get(key);
    if (known) known.verbs.push(...verbs);
    else simple.set(key, { apiGroups, resources, verbs: [...verbs] });
  }
  return [...others, ...simple.values()];
}

/** A rule as messages show it: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`. */
export function describeRule({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const parts = { APIGroups: apiGroups, Resources: resources, NonResourceURLs: nonResourceURLs, ResourceNames: resourceNames, Verbs: verbs };
  const shown = Object.entries(parts).flatMap(([title, values]) => (values?.length ? [`${title}:${quotedList(values)}`] : []));
  return `{${shown.join(", ")}}`;
}

/** As Go's `%q` shows a list: `["a" "b"]`. */
export function quotedList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(" ")}]`;
}

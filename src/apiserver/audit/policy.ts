/**
 * The audit policy: which requests are written down, and how much of them.
 * @see https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#audit-policy
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/audit/policy/checker.go
 */
import type { FieldError } from "#api/errors.ts";
import { invalid, notSupported, required } from "#api/definitions/field-errors.ts";
import { dns1123Subdomain } from "#api/definitions/names.ts";
import type { Attributes, ResourceAttributes } from "../authorization/authorizer.ts";
import type { User } from "../user.ts";

export const LEVELS = ["None", "Metadata", "Request", "RequestResponse"] as const;
export type Level = (typeof LEVELS)[number];

const STAGES = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"] as const;
export type Stage = (typeof STAGES)[number];

export interface AuditRule {
  level: Level;
  users?: string[];
  userGroups?: string[];
  verbs?: string[];
  resources?: { group?: string; resources?: string[]; resourceNames?: string[] }[];
  /** The empty one matches what has none. */
  namespaces?: string[];
  nonResourceURLs?: string[];
  omitStages?: Stage[];
  omitManagedFields?: boolean;
}

export interface AuditPolicy {
  rules: AuditRule[];
  omitStages?: Stage[];
  omitManagedFields?: boolean;
}

/** What the policy says of one request. */
export interface AuditDecision {
  level: Level;
  omitStages: readonly Stage[];
  omitManagedFields: boolean;
}

/** The first rule that matches decides; a request that none matches is not written down. */
export function evaluatePolicy(policy: AuditPolicy, user: User | undefined, attributes: Attributes): AuditDecision {
  const { omitStages = [], omitManagedFields = false } = policy;
  const rule = policy.rules.find((candidate) => matches(candidate, user, attributes));
  if (!rule) return { level: "None", omitStages, omitManagedFields };
  return { level: rule.level, omitStages: [...omitStages, ...(rule.omitStages ?? [])], omitManagedFields: rule.omitManagedFields ?? omitManagedFields };
}

function matches(rule: AuditRule, user: User | undefined, { verb, path, resource }: Attributes): boolean {
  const { users = [], userGroups = [], verbs = [], namespaces = [], resources = [], nonResourceURLs = [] } = rule;
  if (users.length > 0 && !(user && users.includes(user.name))) return false;
  if (userGroups.length > 0 && !user?.groups.some((group) => userGroups.includes(group))) return false;
  if (verbs.length > 0 && !verbs.includes(verb)) return false;
  if (namespaces.length > 0 || resources.length > 0) {
    if (!resource || (namespaces.length > 0 && !namespaces.includes(resource.namespace))) return false;
    return resources.length === 0 || resources.some((known) => matchesResource(known, resource));
  }
  return nonResourceURLs.length === 0 || (!resource && nonResourceURLs.some((url) => matchesUrl(url, path)));
}

function matchesResource({ group = "", resources = [], resourceNames = [] }: NonNullable<AuditRule["resources"]>[number], asked: ResourceAttributes): boolean {
  if (group !== "*" && group !== asked.group) return false;
  if (resources.length === 0) return true;
  if (resourceNames.length > 0 && !resourceNames.includes(asked.name)) return false;
  const whole = asked.subresource === "" ? asked.resource : `${asked.resource}/${asked.subresource}`;
  return resources.some((known) => known === "*" || known === whole || known === `${asked.resource}/*` || (asked.subresource !== "" && known === `*/${asked.subresource}`));
}

function matchesUrl(known: string, path: string): boolean {
  return known === "*" || known === path || (known.endsWith("*") && path.startsWith(known.slice(0, -1)));
}

const API_VERSION = "audit.k8s.io/v1";
const RULE_FIELDS = ["level", "users", "userGroups", "verbs", "resources", "namespaces", "nonResourceURLs", "omitStages", "omitManagedFields"];
const POLICY_FIELDS = ["apiVersion", "kind", "metadata", "rules", "omitStages", "omitManagedFields"];
const RESOURCE_FIELDS = ["group", "resources", "resourceNames"];

/** Reads a policy file, YAML or JSON. Throws an Error that says all that is wrong with it. */
export async function parseAuditPolicy(text: string): Promise<AuditPolicy> {
  const { parseYaml } = await import("../yaml.ts");
  const { value, duplicates } = parseYaml(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("failed decoding: the policy is not an object");
  const { apiVersion, kind } = value as { apiVersion?: string; kind?: string };
  if (apiVersion !== API_VERSION || kind !== "Policy") throw new Error(`unknown group version field ${apiVersion ?? ""}, Kind=${kind ?? ""} in policy: expected ${API_VERSION}, Kind=Policy`);
  const problems = [...duplicates, ...shapeProblems(value as Record<string, unknown>)];
  if (problems.length > 0) throw new Error(`failed decoding: strict decoding error: ${problems.join(", ")}`);
  const policy = value as unknown as AuditPolicy;
  policy.rules ??= [];
  const errors = validatePolicy(policy);
  if (errors.length > 0) throw new Error(errors.map(({ field, message }) => `${field}: ${message}`).join(", "));
  if (policy.rules.length === 0) throw new Error("loaded illegal policy with 0 rules");
  return policy;
}

/** Unknown fields, and values of another type than their field. What is ignored in silence would be missed in the log. */
function shapeProblems(policy: Record<string, unknown>): string[] {
  const rules = policy["rules"];
  if (rules !== undefined && rules !== null && !Array.isArray(rules)) return ["rules: expected a list"];
  return [
    ...unknownFields(policy, POLICY_FIELDS, ""),
    ...listProblems(policy, ["omitStages"], ""),
    ...((rules ?? []) as unknown[]).flatMap((rule, i) => {
      const path = `rules[${i}]`;
      if (!isObject(rule)) return [`${path}: expected an object`];
      const resources = rule["resources"];
      if (resources !== undefined && !Array.isArray(resources)) return [`${path}.resources: expected a list`];
      return [
        ...unknownFields(rule, RULE_FIELDS, `${path}.`),
        ...listProblems(rule, ["users", "userGroups", "verbs", "namespaces", "nonResourceURLs", "omitStages"], `${path}.`),
        ...((resources ?? []) as unknown[]).flatMap((entry, j) => {
          const at = `${path}.resources[${j}]`;
          return isObject(entry) ? [...unknownFields(entry, RESOURCE_FIELDS, `${at}.`), ...listProblems(entry, ["resources", "resourceNames"], `${at}.`)] : [`${at}: expected an object`];
        }),
      ];
    }),
  ];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unknownFields(object: Record<string, unknown>, known: string[], path: string): string[] {
  return Object.keys(object).flatMap((field) => (known.includes(field) ? [] : [`unknown field "${path}${field}"`]));
}

function listProblems(object: Record<string, unknown>, fields: string[], path: string): string[] {
  return fields.flatMap((field) => {
    const value = object[field];
    return value === undefined || (Array.isArray(value) && value.every((item) => typeof item === "string")) ? [] : [`${path}${field}: expected a list of strings`];
  });
}

function validatePolicy({ rules, omitStages }: AuditPolicy): FieldError[] {
  return [...validateStages(omitStages, "omitStages"), ...rules.flatMap((rule, i) => validateRule(rule, `rules[${i}]`))];
}

function validateRule({ level, nonResourceURLs = [], resources = [], namespaces = [], omitStages }: AuditRule, field: string): FieldError[] {
  return [
    ...(level ? (LEVELS.includes(level) ? [] : [notSupported(`${field}.level`, level, LEVELS)]) : [required(`${field}.level`)]),
    ...nonResourceURLs.flatMap((url, i) => validateUrl(url, `${field}.nonResourceURLs[${i}]`)),
    ...resources.flatMap(({ group = "", resources: names = [], resourceNames = [] }) => [
      ...(group === "" || group === "*" ? [] : dns1123Subdomain(group).map((problem) => invalid(`${field}.resources.group`, group, problem))),
      ...(resourceNames.length > 0 && names.length === 0 ? [invalid(`${field}.resources.resourceNames`, resourceNames, "using resourceNames requires at least one resource")] : []),
    ]),
    ...validateStages(omitStages, `${field}.omitStages`),
    ...(nonResourceURLs.length > 0 && (resources.length > 0 || namespaces.length > 0)
      ? [invalid(`${field}.nonResourceURLs`, nonResourceURLs, "rules cannot apply to both regular resources and non-resource URLs")]
      : []),
  ];
}

function validateUrl(url: string, field: string): FieldError[] {
  if (url === "*") return [];
  return [
    ...(url.startsWith("/") ? [] : [invalid(field, url, "non-resource URL rules must begin with a '/' character")]),
    ...(url.slice(0, -1).includes("*") ? [invalid(field, url, "non-resource URL wildcards '*' must be the final character of the rule")] : []),
  ];
}

function validateStages(stages: readonly string[] | undefined, field: string): FieldError[] {
  return (stages ?? []).flatMap((stage, i) => ((STAGES as readonly string[]).includes(stage) ? [] : [invalid(`${field}[${i}]`, stage, `allowed stages are ${STAGES.join(",")}`)]));
}

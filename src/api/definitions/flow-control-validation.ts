/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/flowcontrol/validation/validation.go */
import { isDeepStrictEqual } from "node:util";
import type { FieldError } from "../errors.ts";
import type { FlowSchema, PriorityLevelConfiguration } from "../types.ts";
import { duplicate, forbidden, invalid, invalidFor, notSupported, required } from "./field-errors.ts";
import { MANDATORY_FLOW_SCHEMAS, MANDATORY_PRIORITY_LEVELS } from "./flow-control-objects.ts";
import { dns1123Label, dns1123Subdomain, validateName } from "./names.ts";

type Rule = NonNullable<FlowSchema["spec"]["rules"]>[number];
type Subject = Rule["subjects"][number];
type ResourceRule = NonNullable<Rule["resourceRules"]>[number];
type NonResourceRule = NonNullable<Rule["nonResourceRules"]>[number];
type Limited = NonNullable<PriorityLevelConfiguration["spec"]["limited"]>;
type Exempt = NonNullable<PriorityLevelConfiguration["spec"]["exempt"]>;
type Queuing = NonNullable<NonNullable<Limited["limitResponse"]>["queuing"]>;

const MAX_PRECEDENCE = 10_000;
const MAX_QUEUES = 10_000_000;
const MAX_HASH_BITS = 60;
const DISTINGUISHERS = ["ByNamespace", "ByUser"];
const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];
const SUBJECTS = { Group: "group", ServiceAccount: "serviceAccount", User: "user" } as const;

export function validateFlowSchema({ metadata, spec, status }: FlowSchema): FieldError[] {
  const { matchingPrecedence: precedence = 0, distinguisherMethod, priorityLevelConfiguration, rules = [] } = spec;
  const level = priorityLevelConfiguration?.name ?? "";
  const field = "spec.matchingPrecedence";
  const fixed = MANDATORY_FLOW_SCHEMAS[metadata.name ?? ""];
  return [
    ...validateName(metadata.name, dns1123Subdomain),
    ...(precedence <= 0 ? [invalid(field, precedence, "must be a positive value")] : []),
    ...(precedence > MAX_PRECEDENCE ? [invalid(field, precedence, `must not be greater than ${MAX_PRECEDENCE}`)] : []),
    ...(precedence === 1 && metadata.name !== "exempt" ? [invalid(field, precedence, "only the schema named 'exempt' may have matchingPrecedence 1")] : []),
    ...(distinguisherMethod && !DISTINGUISHERS.includes(distinguisherMethod.type) ? [notSupported("spec.distinguisherMethod.type", distinguisherMethod, DISTINGUISHERS)] : []),
    ...(level === "" ? [required("spec.priorityLevelConfiguration.name", "must reference a priority level")] : invalidFor("spec.priorityLevelConfiguration.name", level, dns1123Subdomain(level))),
    ...rules.flatMap((rule, i) => validateRule(rule, `spec.rules[${i}]`)),
    ...(fixed && !isDeepStrictEqual(spec, fixed) ? [invalid("spec", spec, `spec of '${metadata.name}' must equal the fixed value`)] : []),
    ...validateFlowConditions(status?.conditions),
  ];
}

function validateRule({ subjects, resourceRules = [], nonResourceRules = [] }: Rule, field: string): FieldError[] {
  return [
    ...(subjects.length === 0 ? [required(`${field}.subjects`, "subjects must contain at least one value")] : []),
    ...subjects.flatMap((subject, i) => validateSubject(subject, `${field}.subjects[${i}]`)),
    ...(resourceRules.length + nonResourceRules.length === 0 ? [required(field, "at least one of resourceRules and nonResourceRules has to be non-empty")] : []),
    ...resourceRules.flatMap((rule, i) => validateResourceRule(rule, `${field}.resourceRules[${i}]`)),
    ...nonResourceRules.flatMap((rule, i) => validateNonResourceRule(rule, `${field}.nonResourceRules[${i}]`)),
  ];
}

function validateSubject(subject: Subject, field: string): FieldError[] {
  if (!Object.hasOwn(SUBJECTS, subject.kind)) return [notSupported(`${field}.kind`, subject.kind, Object.keys(SUBJECTS))];
  return Object.entries(SUBJECTS).flatMap(([kind, name]) => {
    const path = `${field}.${name}`;
    if (kind !== subject.kind) return subject[name] ? [forbidden(path, `${name} is forbidden when subject kind is not '${kind}'`)] : [];
    const value = subject[name];
    if (!value) return [required(path, `${name} is required when subject kind is '${kind}'`)];
    const unnamed = value.name === "" ? [required(`${path}.name`)] : [];
    return "namespace" in value ? [...unnamed, ...validateServiceAccount(value, path)] : unnamed;
  });
}

function validateServiceAccount({ name, namespace }: { name: string; namespace: string }, field: string): FieldError[] {
  return [
    ...(name === "" || name === "*" ? [] : invalidFor(`${field}.name`, name, dns1123Subdomain(name))),
    ...(namespace === "" ? [required(`${field}.namespace`, "must specify namespace for service account")] : invalidFor(`${field}.namespace`, namespace, dns1123Label(namespace))),
  ];
}

/** A list that may be `*` alone. */
function validateListOrAll(values: string[], field: string, missing: string, what: string): FieldError[] {
  if (values.length === 0) return [required(field, missing)];
  return values.length > 1 && values.includes("*") ? [invalid(field, values, `if '*' is present, must not specify other ${what}`)] : [];
}

function validateVerbs(verbs: string[], field: string): FieldError[] {
  const known = verbs.includes("*") || verbs.every((verb) => VERBS.includes(verb));
  return [...validateListOrAll(verbs, field, "verbs must contain at least one value", "verbs"), ...(known ? [] : [notSupported(field, verbs, VERBS)])];
}

function validateResourceRule({ verbs, apiGroups, resources, namespaces = [], clusterScope }: ResourceRule, field: string): FieldError[] {
  const path = `${field}.namespaces`;
  const inNamespaces =
    namespaces.length === 0
      ? clusterScope
        ? []
        : [required(path, "resource rules that are not cluster scoped must supply at least one namespace")]
      : validateListOrAll(namespaces, path, "", "namespaces");
  const named = namespaces.includes("*") ? [] : namespaces;
  return [
    ...validateVerbs(verbs, `${field}.verbs`),
    ...validateListOrAll(apiGroups, `${field}.apiGroups`, "resource rules must supply at least one api group", "api groups"),
    ...validateListOrAll(resources, `${field}.resources`, "resource rules must supply at least one resource", "resources"),
    ...inNamespaces,
    ...named.flatMap((name, i) => dns1123Label(name).map((problem) => invalid(`${path}[${i}]`, name, `each member of this list must be '*' or a DNS-1123 label; ${problem}`))),
  ];
}

function validateNonResourceRule({ verbs, nonResourceURLs: urls }: NonResourceRule, field: string): FieldError[] {
  const path = `${field}.nonResourceURLs`;
  const single = urls.includes("*") ? [] : urls;
  return [
    ...validateVerbs(verbs, `${field}.verbs`),
    ...validateListOrAll(urls, path, "nonResourceURLs must contain at least one value", "non-resource URLs"),
    ...single.flatMap((url, i) => validateUrlPath(url, `${path}[${i}]`)),
  ];
}

function validateUrlPath(path: string, field: string): FieldError[] {
  if (path === "") return [invalid(field, path, "must not be empty")];
  if (path === "/") return [];
  if (!path.startsWith("/")) return [invalid(field, path, "must start with slash")];
  if (path.includes(" ")) return [invalid(field, path, "must not contain white-space")];
  if (path.includes("//")) return [invalid(field, path, "must not contain double slash")];
  const wildcards = path.split("*").length - 1;
  return wildcards > 1 || (wildcards === 1 && !path.endsWith("/*")) ? [invalid(field, path, "wildcard can only do suffix matching")] : [];
}

export function validatePriorityLevel({ metadata, spec, status }: PriorityLevelConfiguration): FieldError[] {
  const errors = validateName(metadata.name, dns1123Subdomain);
  if ((metadata.name === "exempt") !== (spec.type === "Exempt")) errors.push(invalid("spec.type", spec.type, "type must be 'Exempt' if and only if `name` is 'exempt'"));
  errors.push(...validateLevel(spec));
  const fixed = MANDATORY_PRIORITY_LEVELS[metadata.name ?? ""];
  if (fixed && !isDeepStrictEqual({ ...spec, exempt: undefined }, { ...fixed, exempt: undefined })) {
    const except = fixed.exempt ? " except the 'spec.exempt' field" : "";
    errors.push(invalid("spec", spec, `spec of '${metadata.name}'${except} must equal the fixed value`));
  }
  return [...errors, ...validateFlowConditions(status?.conditions)];
}

function validateLevel({ type, limited, exempt }: PriorityLevelConfiguration["spec"]): FieldError[] {
  switch (type) {
    case "Exempt":
      return [...(limited ? [forbidden("spec.limited", "must be nil if the type is not Limited")] : []), ...(exempt ? validateShares(exempt, "spec.exempt") : [])];
    case "Limited":
      return [
        ...(exempt ? [forbidden("spec.exempt", "must be nil if the type is Limited")] : []),
        ...(limited ? validateLimited(limited, "spec.limited") : [required("spec.limited", "must not be empty when type is Limited")]),
      ];
    default:
      return [notSupported("spec.type", type, ["Exempt", "Limited"])];
  }
}

function validateShares({ nominalConcurrencyShares: shares = 0, lendablePercent: lendable = 0 }: Exempt, field: string): FieldError[] {
  return [
    ...(shares < 0 ? [invalid(`${field}.nominalConcurrencyShares`, shares, "must be a non-negative integer")] : []),
    ...(lendable < 0 || lendable > 100 ? [invalid(`${field}.lendablePercent`, lendable, "must be between 0 and 100, inclusive")] : []),
  ];
}

function validateLimited(limited: Limited, field: string): FieldError[] {
  const { borrowingLimitPercent: borrowing = 0, limitResponse } = limited;
  const errors = [...validateShares(limited, field), ...(borrowing < 0 ? [invalid(`${field}.borrowingLimitPercent`, borrowing, "if specified, must be a non-negative integer")] : [])];
  const path = `${field}.limitResponse`;
  const queuing = limitResponse?.queuing;
  const type = limitResponse?.type ?? "";
  switch (type) {
    case "Reject":
      return queuing ? [...errors, forbidden(`${path}.queuing`, "must be nil if limited.limitResponse.type is not Limited")] : errors;
    case "Queue":
      return queuing ? [...errors, ...validateQueuing(queuing, `${path}.queuing`)] : [...errors, required(`${path}.queuing`, "must not be empty if limited.limitResponse.type is Limited")];
    default:
      return [...errors, notSupported(`${path}.type`, type, ["Queue", "Reject"])];
  }
}

function validateQueuing({ queues = 0, handSize = 0, queueLengthLimit = 0 }: Queuing, field: string): FieldError[] {
  const errors = queueLengthLimit <= 0 ? [invalid(`${field}.queueLengthLimit`, queueLengthLimit, "must be positive")] : [];
  if (queues <= 0) errors.push(invalid(`${field}.queues`, queues, "must be positive"));
  else if (queues > MAX_QUEUES) errors.push(invalid(`${field}.queues`, queues, `must not be greater than ${MAX_QUEUES}`));
  const bits = entropyBits(queues, handSize);
  if (handSize <= 0) errors.push(invalid(`${field}.handSize`, handSize, "must be positive"));
  else if (handSize > queues) errors.push(invalid(`${field}.handSize`, handSize, `should not be greater than queues (${queues})`));
  else if (bits > MAX_HASH_BITS) {
    errors.push(invalid(`${field}.handSize`, handSize, `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${MAX_HASH_BITS}`));
  }
  return errors;
}

/** How many bits of a hash it takes to deal a hand. */
function entropyBits(deckSize: number, handSize: number): number {
  return Math.ceil(handSize * Math.log2(deckSize));
}

/** The conditions of either kind. */
export function validateFlowConditions(conditions: { type?: string }[] | undefined): FieldError[] {
  const types = new Set<string>();
  return (conditions ?? []).flatMap(({ type = "" }, i) => {
    const field = `status.conditions[${i}].type`;
    const again = types.has(type) ? [duplicate(field, type)] : [];
    types.add(type);
    return type === "" ? [...again, required(field, "must not be empty")] : again;
  });
}

/** Where a pod may run: affinity, tolerations, spreading. */
import type { FieldError } from "../errors.ts";
import type { Affinity, LabelSelector, NodeSelectorTerm, PodSpec, Taint, Toleration } from "../types.ts";
import { duplicate, forbidden, invalid, invalidFor, notSupported, required, validateOneOf } from "./field-errors.ts";
import { dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from "./names.ts";
import { validateLabelSelector } from "./selector-validation.ts";

type Requirement = NonNullable<NodeSelectorTerm["matchExpressions"]>[number];
type PodAffinity = NonNullable<Affinity["podAffinity"]>;
type PodAffinityTerm = NonNullable<PodAffinity["requiredDuringSchedulingIgnoredDuringExecution"]>[number];
type Spread = NonNullable<PodSpec["topologySpreadConstraints"]>;

const TAINT_EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
const REQUIRED_TERMS = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED_TERMS = "preferredDuringSchedulingIgnoredDuringExecution";

export function validateTolerations(tolerations: Toleration[], field: string): FieldError[] {
  return tolerations.flatMap(({ key, operator = "", value = "", effect, tolerationSeconds }, i) => {
    const path = `${field}[${i}]`;
    const errors = key ? invalidFor(`${path}.key`, key, qualifiedName(key)) : [];
    if (!key && operator !== "Exists") {
      errors.push(invalid(`${path}.operator`, operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"'));
    }
    if (tolerationSeconds !== undefined && effect !== "NoExecute") {
      errors.push(invalid(`${path}.effect`, effect ?? "", "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    }
    if (operator === "" || operator === "Equal") {
      const problems = labelValue(value);
      if (problems.length > 0) errors.push(invalid(`${path}.operator`, value, problems.join(";")));
    } else if (operator === "Exists") {
      if (value) errors.push(invalid(`${path}.operator`, value, "value must be empty when `operator` is 'Exists'"));
    } else {
      errors.push(notSupported(`${path}.operator`, operator, ["Equal", "Exists"]));
    }
    return effect ? [...errors, ...validateTaintEffect(effect, `${path}.effect`)] : errors;
  });
}

function validateTaintEffect(effect: string, field: string): FieldError[] {
  if (!effect) return [required(field)];
  return TAINT_EFFECTS.includes(effect) ? [] : [notSupported(field, effect, TAINT_EFFECTS)];
}

export function validateTaints(taints: Taint[], field: string): FieldError[] {
  const seen = new Set<string>();
  return taints.flatMap((taint, i) => {
    const { key, value = "", effect } = taint;
    const path = `${field}[${i}]`;
    const problems = labelValue(value);
    const errors = [
      ...invalidFor(`${path}.key`, key, qualifiedName(key)),
      ...(problems.length > 0 ? [invalid(`${path}.value`, value, problems.join(";"))] : []),
      ...validateTaintEffect(effect, `${path}.effect`),
    ];
    if (seen.has(`${effect} ${key}`)) errors.push(duplicate(path, taint, "taints must be unique by key and effect pair"));
    seen.add(`${effect} ${key}`);
    return errors;
  });
}

export function validateAffinity({ nodeAffinity, podAffinity, podAntiAffinity }: Affinity, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const mandatory = nodeAffinity?.[REQUIRED_TERMS];
  if (mandatory) errors.push(...validateNodeSelector(mandatory, `${field}.nodeAffinity.${REQUIRED_TERMS}`));
  for (const [i, { weight, preference }] of (nodeAffinity?.[PREFERRED_TERMS] ?? []).entries()) {
    const path = `${field}.nodeAffinity.${PREFERRED_TERMS}[${i}]`;
    // As upstream, values that no label can have are only warned of in a preference.
    errors.push(...validateWeight(weight, path), ...validateNodeSelectorTerm(preference, `${path}.preference`, false));
  }
  for (const [name, affinity] of Object.entries({ podAffinity, podAntiAffinity })) if (affinity) errors.push(...validatePodAffinity(affinity, `${field}.${name}`));
  return errors;
}

/** Terms that nodes are asked for; one of them has to hold. */
export function validateNodeSelector({ nodeSelectorTerms = [] }: { nodeSelectorTerms?: NodeSelectorTerm[] }, field: string): FieldError[] {
  const path = `${field}.nodeSelectorTerms`;
  if (nodeSelectorTerms.length === 0) return [required(path, "must have at least one node selector term")];
  return nodeSelectorTerms.flatMap((term, i) => validateNodeSelectorTerm(term, `${path}[${i}]`));
}

function validateWeight(weight: number, field: string): FieldError[] {
  return weight >= 1 && weight <= 100 ? [] : [invalid(`${field}.weight`, weight, "must be in the range 1-100")];
}

function validateNodeSelectorTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, field: string, checkValues = true): FieldError[] {
  return [
    ...matchExpressions.flatMap((requirement, i) => validateNodeRequirement(requirement, `${field}.matchExpressions[${i}]`, checkValues)),
    ...matchFields.flatMap((requirement, i) => validateFieldRequirement(requirement, `${field}.matchFields[${i}]`)),
  ];
}

function validateNodeRequirement({ key, operator, values = [] }: Requirement, field: string, checkValues: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0) errors.push(required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0) errors.push(forbidden(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  } else if (operator === "Gt" || operator === "Lt") {
    if (values.length !== 1) errors.push(required(`${field}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
  } else {
    errors.push(invalid(`${field}.operator`, operator, "not a valid selector operator"));
  }
  errors.push(...invalidFor(`${field}.key`, key, qualifiedName(key)));
  if (checkValues) for (const [i, value] of values.entries()) errors.push(...invalidFor(`${field}.values[${i}]`, value, labelValue(value)));
  return errors;
}

function validateFieldRequirement({ key, operator, values = [] }: Requirement, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (operator !== "In" && operator !== "NotIn") errors.push(invalid(`${field}.operator`, operator, "not a valid selector operator"));
  else if (values.length !== 1) errors.push(required(`${field}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
  if (key !== "metadata.name") errors.push(invalid(`${field}.key`, key, "not a valid field selector key"));
  else for (const [i, value] of values.entries()) errors.push(...invalidFor(`${field}.values[${i}]`, value, dns1123Subdomain(value)));
  return errors;
}

function validatePodAffinity(affinity: PodAffinity, field: string): FieldError[] {
  return [
    ...(affinity[REQUIRED_TERMS] ?? []).flatMap((term, i) => validatePodAffinityTerm(term, `${field}.${REQUIRED_TERMS}[${i}]`)),
    ...(affinity[PREFERRED_TERMS] ?? []).flatMap(({ weight, podAffinityTerm }, i) => {
      const path = `${field}.${PREFERRED_TERMS}[${i}]`;
      return [...validateWeight(weight, path), ...validatePodAffinityTerm(podAffinityTerm, `${path}.podAffinityTerm`)];
    }),
  ];
}

function validatePodAffinityTerm({ labelSelector, namespaceSelector, namespaces = [], topologyKey, matchLabelKeys = [], mismatchLabelKeys = [] }: PodAffinityTerm, field: string): FieldError[] {
  return [
    ...validateLabelSelector(labelSelector, `${field}.labelSelector`),
    ...validateLabelSelector(namespaceSelector, `${field}.namespaceSelector`),
    ...namespaces.flatMap((name) => invalidFor(`${field}.namespace`, name, dns1123Label(name))),
    ...validateLabelKeys(matchLabelKeys, labelSelector, `${field}.matchLabelKeys`),
    ...validateLabelKeys(mismatchLabelKeys, labelSelector, `${field}.mismatchLabelKeys`),
    ...matchLabelKeys.flatMap((key, i) => (mismatchLabelKeys.includes(key) ? [invalid(`${field}.matchLabelKeys[${i}]`, key, "exists in both matchLabelKeys and mismatchLabelKeys")] : [])),
    ...(topologyKey ? [] : [required(`${field}.topologyKey`, "can not be empty")]),
    ...invalidFor(`${field}.topologyKey`, topologyKey, qualifiedName(topologyKey)),
  ];
}

/** Labels whose values the pod's own are compared with. */
function validateLabelKeys(keys: string[], selector: LabelSelector | undefined, field: string): FieldError[] {
  if (keys.length === 0) return [];
  if (!selector) return [forbidden(field, "must not be specified when labelSelector is not set")];
  return keys.flatMap((key, i) => invalidFor(`${field}[${i}]`, key, qualifiedName(key)));
}

export function validateSpread(constraints: Spread, field: string): FieldError[] {
  return constraints.flatMap((constraint, i) => {
    const { maxSkew, topologyKey, whenUnsatisfiable, minDomains, labelSelector, matchLabelKeys = [] } = constraint;
    const path = `${field}[${i}]`;
    const errors: FieldError[] = [];
    if (maxSkew <= 0) errors.push(invalid(`${path}.maxSkew`, maxSkew, "must be greater than zero"));
    if (!topologyKey) errors.push(required(`${path}.topologyKey`, "can not be empty"));
    else errors.push(...invalidFor(`${path}.topologyKey`, topologyKey, qualifiedName(topologyKey)));
    if (!["DoNotSchedule", "ScheduleAnyway"].includes(whenUnsatisfiable)) {
      errors.push(notSupported(`${path}.whenUnsatisfiable`, whenUnsatisfiable, ["DoNotSchedule", "ScheduleAnyway"]));
    }
    const repeated = constraints.slice(i + 1).some((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable);
    if (repeated) errors.push(duplicate(`${path}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`));
    if (minDomains !== undefined && minDomains <= 0) errors.push(invalid(`${path}.minDomains`, minDomains, "must be greater than zero"));
    if (minDomains !== undefined && whenUnsatisfiable !== "DoNotSchedule") {
      errors.push(invalid(`${path}.minDomains`, minDomains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`));
    }
    for (const name of ["nodeAffinityPolicy", "nodeTaintsPolicy"] as const) errors.push(...validateOneOf(`${path}.${name}`, constraint[name], ["Honor", "Ignore"]));
    errors.push(...validateLabelKeys(matchLabelKeys, labelSelector, `${path}.matchLabelKeys`));
    const selected = new Set([...Object.keys(labelSelector?.matchLabels ?? {}), ...(labelSelector?.matchExpressions ?? []).map(({ key }) => key)]);
    for (const [k, key] of matchLabelKeys.entries()) if (selected.has(key)) errors.push(invalid(`${path}.matchLabelKeys[${k}]`, key, "exists in both matchLabelKeys and labelSelector"));
    return [...errors, ...validateLabelSelector(labelSelector, `${path}.labelSelector`)];
  });
}

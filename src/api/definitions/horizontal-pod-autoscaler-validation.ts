/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/autoscaling/validation/validation.go */
import { parseQuantity } from "#lib/quantity.ts";
import type { FieldError } from "../errors.ts";
import type { HorizontalPodAutoscaler } from "../types.ts";
import { forbidden, invalid, invalidFor, notSupported, required, validateNonnegative, validateOneOf } from "./field-errors.ts";
import { dns1123Label, dns1123Subdomain, pathSegmentName, validateName } from "./names.ts";
import { validateContainerResourceName } from "./resources-validation.ts";

type Spec = HorizontalPodAutoscaler["spec"];
type Metric = NonNullable<Spec["metrics"]>[number];
type Target = NonNullable<Metric["resource"]>["target"];
type Identifier = NonNullable<Metric["pods"]>["metric"];
type Reference = Spec["scaleTargetRef"];
type Rules = NonNullable<NonNullable<Spec["behavior"]>["scaleUp"]>;

const MAX_PERIOD_SECONDS = 1800;
const MAX_WINDOW_SECONDS = 3600;
/** Metric types with their fields, in upstream's order. */
const SOURCES = { Object: "object", External: "external", Pods: "pods", Resource: "resource", ContainerResource: "containerResource" } as const;
const METRIC_TYPES = ["ContainerResource", "External", "Object", "Pods", "Resource"];
const TARGET_TYPES = ["Utilization", "Value", "AverageValue"];

export function validateHorizontalPodAutoscaler({ metadata, spec }: HorizontalPodAutoscaler): FieldError[] {
  const { minReplicas, maxReplicas, scaleTargetRef, metrics = [], behavior } = spec;
  const errors = validateName(metadata.name, dns1123Subdomain);
  if (minReplicas !== undefined && minReplicas < 1) errors.push(invalid("spec.minReplicas", minReplicas, "must be greater than or equal to 1"));
  if (maxReplicas < 1) errors.push(invalid("spec.maxReplicas", maxReplicas, "must be greater than 0"));
  if (minReplicas !== undefined && maxReplicas < minReplicas) errors.push(invalid("spec.maxReplicas", maxReplicas, "must be greater than or equal to `minReplicas`"));
  return [
    ...errors,
    ...validateReference(scaleTargetRef, "spec.scaleTargetRef"),
    ...metrics.flatMap((metric, i) => validateMetric(metric, `spec.metrics[${i}]`)),
    ...(behavior?.scaleUp ? validateRules(behavior.scaleUp, "spec.behavior.scaleUp") : []),
    ...(behavior?.scaleDown ? validateRules(behavior.scaleDown, "spec.behavior.scaleDown") : []),
  ];
}

function validateReference(reference: Reference | undefined, field: string): FieldError[] {
  return (["kind", "name"] as const).flatMap((name) => validatePathSegment(reference?.[name], `${field}.${name}`));
}

function validatePathSegment(value: string | undefined, field: string, detail = ""): FieldError[] {
  return value ? invalidFor(field, value, pathSegmentName(value)) : [required(field, detail)];
}

function validateMetric(metric: Metric, field: string): FieldError[] {
  const { type } = metric;
  const errors = type === "" ? [required(`${field}.type`, "must specify a metric source type")] : [];
  if (!METRIC_TYPES.includes(type)) errors.push(notSupported(`${field}.type`, type, METRIC_TYPES));
  const present = Object.values(SOURCES).filter((source) => metric[source] !== undefined);
  if (present[0]) errors.push(...validateSource(metric, present[0], `${field}.${present[0]}`));
  const expected = (SOURCES as Record<string, string>)[type];
  if (expected && !present.some((source) => source === expected)) errors.push(required(`${field}.${expected}`, "must populate information for the given metric source"));
  if (present.length > 1) errors.push(...present.filter((source) => source !== expected).map((source) => forbidden(`${field}.${source}`, "must populate the given metric source only")));
  return errors;
}

function validateSource(metric: Metric, source: (typeof SOURCES)[keyof typeof SOURCES], field: string): FieldError[] {
  switch (source) {
    case "object": {
      const { describedObject, metric: identifier, target } = metric.object!;
      const missing = target?.value === undefined && target?.averageValue === undefined;
      return [
        ...validateReference(describedObject, `${field}.describedObject`),
        ...validateIdentifier(identifier, `${field}.metric`),
        ...validateTarget(target, `${field}.target`),
        ...(missing ? [required(`${field}.target.averageValue`, "must set either a target value or averageValue")] : []),
      ];
    }
    case "external": {
      const { metric: identifier, target } = metric.external!;
      const errors = [...validateIdentifier(identifier, `${field}.metric`), ...validateTarget(target, `${field}.target`)];
      const given = [target?.value, target?.averageValue].filter((value) => value !== undefined).length;
      if (given === 0) errors.push(required(`${field}.target.averageValue`, "must set either a target value for metric or a per-pod target"));
      if (given === 2) errors.push(forbidden(`${field}.target.value`, "may not set both a target value for metric and a per-pod target"));
      return errors;
    }
    case "pods": {
      const { metric: identifier, target } = metric.pods!;
      const missing = target?.averageValue === undefined;
      return [
        ...validateIdentifier(identifier, `${field}.metric`),
        ...validateTarget(target, `${field}.target`),
        ...(missing ? [required(`${field}.target.averageValue`, "must specify a positive target averageValue")] : []),
      ];
    }
    case "resource": {
      const { name, target } = metric.resource!;
      return [...(name ? [] : [required(`${field}.name`, "must specify a resource name")]), ...validateResourceTarget(target, `${field}.target`)];
    }
    case "containerResource": {
      const { name, container, target } = metric.containerResource!;
      return [
        ...(name ? validateContainerResourceName(name, `${field}.name`) : [required(`${field}.name`, "must specify a resource name")]),
        ...(container ? invalidFor(`${field}.container`, container, dns1123Label(container)) : [required(`${field}.container`, "must specify a container")]),
        ...validateResourceTarget(target, `${field}.target`),
      ];
    }
  }
}

function validateResourceTarget(target: Target | undefined, field: string): FieldError[] {
  const errors = validateTarget(target, field);
  const given = [target?.averageUtilization, target?.averageValue].filter((value) => value !== undefined).length;
  if (given === 0) errors.push(required(`${field}.averageUtilization`, "must set either a target raw value or a target utilization"));
  if (given === 2) errors.push(forbidden(`${field}.averageValue`, "may not set both a target raw value and a target utilization"));
  return errors;
}

function validateTarget(target: Target | undefined, field: string): FieldError[] {
  const { type = "", averageUtilization } = target ?? {};
  const errors = type === "" ? [required(`${field}.type`, "must specify a metric target type")] : [];
  if (!TARGET_TYPES.includes(type)) errors.push(invalid(`${field}.type`, type, "must be either Utilization, Value, or AverageValue"));
  for (const name of ["value", "averageValue"] as const) {
    const quantity = target?.[name];
    if (quantity !== undefined && parseQuantity(quantity) <= 0) errors.push(invalid(`${field}.${name}`, quantity, "must be positive"));
  }
  if (averageUtilization !== undefined && averageUtilization < 1) errors.push(invalid(`${field}.averageUtilization`, averageUtilization, "must be greater than 0"));
  return errors;
}

function validateIdentifier(identifier: Identifier | undefined, field: string): FieldError[] {
  return validatePathSegment(identifier?.name, `${field}.name`, "must specify a metric name");
}

function validateRules({ stabilizationWindowSeconds: window = 0, selectPolicy, policies = [], tolerance }: Rules, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (window < 0) errors.push(invalid(`${field}.stabilizationWindowSeconds`, window, "must be greater than or equal to zero"));
  if (window > MAX_WINDOW_SECONDS) errors.push(invalid(`${field}.stabilizationWindowSeconds`, window, `must be less than or equal to ${MAX_WINDOW_SECONDS}`));
  errors.push(...validateOneOf(`${field}.selectPolicy`, selectPolicy, ["Disabled", "Max", "Min"]));
  if (policies.length === 0) errors.push(required(`${field}.policies`, "must specify at least one Policy"));
  for (const [i, { type, value, periodSeconds }] of policies.entries()) {
    const path = `${field}.policies[${i}]`;
    errors.push(...validateOneOf(`${path}.type`, type ?? "", ["Percent", "Pods"]));
    if (!(value > 0)) errors.push(invalid(`${path}.value`, value ?? 0, "must be greater than zero"));
    if (!(periodSeconds > 0)) errors.push(invalid(`${path}.periodSeconds`, periodSeconds ?? 0, "must be greater than zero"));
    if (periodSeconds > MAX_PERIOD_SECONDS) errors.push(invalid(`${path}.periodSeconds`, periodSeconds, `must be less than or equal to ${MAX_PERIOD_SECONDS}`));
  }
  if (tolerance !== undefined && parseQuantity(tolerance) < 0) errors.push(invalid(`${field}.tolerance`, tolerance, "must be greater than or equal to 0"));
  return errors;
}

export function validateHorizontalPodAutoscalerStatus({ status }: HorizontalPodAutoscaler): FieldError[] {
  return (["currentReplicas", "desiredReplicas"] as const).flatMap((name) => validateNonnegative(`status.${name}`, status?.[name]));
}

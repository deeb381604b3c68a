/**
 * Containers get the defaults of their namespace's LimitRanges, and nothing is let in that is smaller or
 * larger than they allow.
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/admission/limitranger/admission.go
 */
import { formatAmount, NOTHING, parseAmount, type Amount } from "#lib/amount.ts";
import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from "#api/types.ts";
import { aggregate, isAbout, refusal, type AdmissionPlugin, type Attributes } from "./admission.ts";
import { amountsOf, podTotal, type Amounts } from "#api/pod-resources.ts";

const ANNOTATION = "kubernetes.io/limit-ranger";

export function limitRanger(limitRangesIn: (namespace: string) => LimitRange[]): AdmissionPlugin {
  return {
    name: "LimitRanger",
    admit(attributes) {
      if (!concernsPod(attributes)) return;
      for (const { spec } of limitRangesIn(attributes.namespace)) setDefaults(attributes.object as Pod, spec?.limits ?? []);
    },
    validate(attributes) {
      const { object, namespace } = attributes;
      let check: (limits: LimitRangeItem[]) => string[];
      if (concernsPod(attributes)) check = (limits) => podProblems(object as Pod, limits);
      else if (concernsClaim(attributes)) check = (limits) => claimProblems(object as PersistentVolumeClaim, limits);
      else return;
      for (const { spec } of limitRangesIn(namespace)) {
        const problems = check(spec?.limits ?? []);
        if (problems.length > 0) throw refusal(attributes, aggregate(problems));
      }
    },
  };
}

function concernsPod(attributes: Attributes): boolean {
  const { operation, oldObject } = attributes;
  if (oldObject?.metadata.deletionTimestamp) return false;
  // A pod's resources change by way of the resize subresource only.
  return (operation === "CREATE" && isAbout(attributes, "", "pods")) || (operation === "UPDATE" && isAbout(attributes, "", "pods", "resize"));
}

function concernsClaim(attributes: Attributes): boolean {
  const { operation, oldObject } = attributes;
  return (operation === "CREATE" || operation === "UPDATE") && isAbout(attributes, "", "persistentvolumeclaims") && !oldObject?.metadata.deletionTimestamp;
}

/** Gives containers the defaults, and writes down which in an annotation. */
function setDefaults(pod: Pod, limits: LimitRangeItem[]): void {
  const ofContainers = limits.filter(({ type }) => type === "Container");
  const requests = Object.assign({}, ...ofContainers.map(({ defaultRequest }) => defaultRequest)) as Record<string, string>;
  const maximums = Object.assign({}, ...ofContainers.map((limit) => limit.default)) as Record<string, string>;
  const told = [
    ...(pod.spec.containers ?? []).flatMap((container) => setContainerDefaults(container, requests, maximums, "container")),
    ...(pod.spec.initContainers ?? []).flatMap((container) => setContainerDefaults(container, requests, maximums, "init container")),
  ];
  if (told.length > 0) pod.metadata.annotations = { ...pod.metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${told.join("; ")}` };
}

function setContainerDefaults(container: Container, requests: Record<string, string>, limits: Record<string, string>, title: string): string[] {
  const set = (field: "requests" | "limits", defaults: Record<string, string>): string[] => {
    const missing = Object.keys(defaults).filter((name) => container.resources?.[field]?.[name] === undefined);
    if (missing.length === 0) return [];
    container.resources = { ...container.resources, [field]: { ...container.resources?.[field], ...Object.fromEntries(missing.map((name) => [name, defaults[name]!])) } };
    return [`${missing.sort().join(", ")} ${field === "requests" ? "request" : "limit"} for ${title} ${container.name}`];
  };
  const limited = set("limits", limits);
  return [...set("requests", requests), ...limited];
}

function podProblems({ spec }: Pod, limits: LimitRangeItem[]): string[] {
  return limits.flatMap((limit) => {
    if (limit.type === "Container") {
      return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].flatMap(({ resources }) => problemsOf(limit, amountsOf(resources?.requests), amountsOf(resources?.limits)));
    }
    return limit.type === "Pod" ? problemsOf(limit, podTotal(spec, "requests"), podTotal(spec, "limits")) : [];
  });
}

function claimProblems({ spec }: PersistentVolumeClaim, limits: LimitRangeItem[]): string[] {
  const requests = amountsOf(spec.resources?.requests);
  return limits
    .filter(({ type }) => type === "PersistentVolumeClaim")
    .flatMap(({ type, min, max }) => [
      ...each(min, (name, bound) => belowMinimum(type, name, bound, requests, {})),
      ...each(max, (name, bound) => {
        const request = requests[name];
        if (!request) return `maximum ${name} usage per ${type} is ${formatAmount(bound)}.  No request is specified`;
        return aboveMaximum(type, name, bound, request, "request");
      }),
    ]);
}

function problemsOf({ type, min, max, maxLimitRequestRatio }: LimitRangeItem, requests: Amounts, limits: Amounts): string[] {
  return [
    ...each(min, (name, bound) => belowMinimum(type, name, bound, requests, limits)),
    ...each(max, (name, bound) => {
      const limit = limits[name];
      if (!limit) return `maximum ${name} usage per ${type} is ${formatAmount(bound)}.  No limit is specified`;
      return aboveMaximum(type, name, bound, limit, "limit") ?? (requests[name] && aboveMaximum(type, name, bound, requests[name], "request"));
    }),
    ...each(maxLimitRequestRatio, (name, bound) => aboveRatio(type, name, bound, requests[name] ?? NOTHING, limits[name] ?? NOTHING)),
  ];
}

function each(bounds: Record<string, string> | undefined, check: (name: string, bound: Amount) => string | undefined): string[] {
  return Object.entries(bounds ?? {}).flatMap(([name, bound]) => check(name, parseAmount(bound)) ?? []);
}

function belowMinimum(type: string, name: string, bound: Amount, requests: Amounts, limits: Amounts): string | undefined {
  const minimum = `minimum ${name} usage per ${type} is ${formatAmount(bound)}`;
  const request = requests[name];
  const limit = limits[name];
  if (!request) return `${minimum}.  No request is specified`;
  if (request.nanos < bound.nanos) return `${minimum}, but request is ${formatAmount(request)}`;
  if (limit && limit.nanos < bound.nanos) return `${minimum}, but limit is ${formatAmount(limit)}`;
  return undefined;
}

function aboveMaximum(type: string, name: string, bound: Amount, value: Amount, what: "limit" | "request"): string | undefined {
  return value.nanos > bound.nanos ? `maximum ${name} usage per ${type} is ${formatAmount(bound)}, but ${what} is ${formatAmount(value)}` : undefined;
}

function aboveRatio(type: string, name: string, bound: Amount, request: Amount, limit: Amount): string | undefined {
  const most = `${name} max limit to request ratio per ${type} is ${formatAmount(bound)}`;
  if (request.nanos === 0n) return `${most}, but no request is specified or request is 0`;
  if (limit.nanos === 0n) return `${most}, but no limit is specified or limit is 0`;
  const exceeds = limit.nanos * 1_000_000_000n > bound.nanos * request.nanos;
  return exceeds ? `${most}, but provided ratio is ${(Number(limit.nanos) / Number(request.nanos)).toFixed(6)}` : undefined;
}

/**
 * What objects use of a ResourceQuota: which of its names they count towards, how much, and in which scopes
 * they are. Enforced at admission, counted again by the quota controller.
 * @see https://github.com/kubernetes/kubernetes/tree/master/pkg/quota/v1/evaluator/core
 */
import { maxAmount, NOTHING, parseAmount, pieces, wholeAmount, type Amount } from "#lib/amount.ts";
import { podLimits, podRequests, type Amounts } from "../pod-resources.ts";
import type { Container, KubeObject, PersistentVolumeClaim, Pod, Service } from "../types.ts";
import { claimMatchesScope, podMatchesScope, type ScopeRequirement } from "./scopes.ts";

export interface QuotaEvaluator {
  /** Whether objects of this kind can use what a quota limits by this name: `pods`, `requests.cpu`, `count/deployments.apps`. */
  tracks(name: string): boolean;
  /** What one object uses. */
  usage(object: KubeObject, nowMs: number): Amounts;
  matchesScope(scope: ScopeRequirement, object: KubeObject): boolean;
  /** What an object doesn't say although one of these names limits it: `must specify limits.cpu for: app`. */
  unspecified?: (object: KubeObject, names: string[]) => string | undefined;
  /** Whether a request can change what is used. */
  handles(request: { operation: string; subresource: string; object: KubeObject | undefined; oldObject: KubeObject | undefined }): boolean;
}

/** Names of old for some counts. */
const ALIASES = ["configmaps", "replicationcontrollers", "resourcequotas", "secrets"];
const CLASS_SUFFIX = ".storageclass.storage.k8s.io/";

/** `count/deployments.apps`, `count/pods`. */
export function countName(group: string, plural: string): string {
  return `count/${plural}${group === "" ? "" : `.${group}`}`;
}

export function evaluatorFor(group: string, plural: string): QuotaEvaluator {
  if (group === "") {
    if (plural === "pods") return podEvaluator;
    if (plural === "services") return serviceEvaluator;
    if (plural === "persistentvolumeclaims") return claimEvaluator;
  }
  const names = [countName(group, plural), ...(group === "" && ALIASES.includes(plural) ? [plural] : [])];
  const usage = Object.fromEntries(names.map((name) => [name, pieces(1)]));
  return {
    tracks: (name) => names.includes(name),
    usage: () => usage,
    matchesScope: () => false,
    handles: ({ operation, subresource }) => operation === "CREATE" && subresource === "",
  };
}

const COMPUTE = ["cpu", "memory", "ephemeral-storage"];
const POD_NAMES = ["count/pods", "pods", ...COMPUTE, ...COMPUTE.flatMap((name) => [`requests.${name}`, `limits.${name}`])];
/** Where one of these is limited, every container must say how much it takes. */
const MUST_SPECIFY = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

const podEvaluator: QuotaEvaluator = {
  tracks: (name) => POD_NAMES.includes(name) || /^(requests\.)?hugepages-/.test(name) || (name.startsWith("requests.") && !isNative(name)),
  usage(object, nowMs) {
    const pod = object as Pod;
    const usage: Amounts = { "count/pods": pieces(1) };
    if (!isCharged(pod, nowMs)) return usage;
    return { ...usage, pods: pieces(1), ...computeUsage(podRequests(pod.spec), podLimits(pod.spec)) };
  },
  matchesScope: (scope, object) => podMatchesScope(scope, object as Pod),
  unspecified(object, names) {
    const { spec } = object as Pod;
    const ofPod = containerUsage(spec.resources);
    const required = MUST_SPECIFY.filter((name) => names.includes(name) && !(name in ofPod)).sort();
    const containers: Container[] = [...spec.containers, ...(spec.initContainers ?? [])];
    const missing = required.flatMap((name) => {
      const without = containers.filter(({ resources }) => !(name in containerUsage(resources))).map((container) => container.name);
      return without.length > 0 ? [`${name} for: ${[...new Set(without)].sort().join(",")}`] : [];
    });
    return missing.length > 0 ? `must specify ${missing.join("; ")}` : undefined;
  },
  handles: ({ operation, subresource }) => (operation === "CREATE" && subresource === "") || (operation === "UPDATE" && subresource === "resize"),
};

function containerUsage(resources: { requests?: Record<string, string>; limits?: Record<string, string> } | undefined): Amounts {
  const parse = (list: Record<string, string> | undefined): Amounts => Object.fromEntries(Object.entries(list ?? {}).map(([name, text]) => [name, parseAmount(text)]));
  return computeUsage(parse(resources?.requests), parse(resources?.limits));
}

function computeUsage(requests: Amounts, limits: Amounts): Amounts {
  const usage: Amounts = {};
  for (const [name, amount] of Object.entries(requests)) {
    if (COMPUTE.includes(name) || name.startsWith("hugepages-")) usage[name] = amount;
    if (COMPUTE.includes(name) || name.startsWith("hugepages-") || !isNative(name)) usage[`requests.${name}`] = amount;
  }
  for (const name of COMPUTE) if (limits[name]) usage[`limits.${name}`] = limits[name];
  return usage;
}

/** Kubernetes' own resources have no domain in their name, or its own. */
function isNative(name: string): boolean {
  return !name.includes("/") || name.includes("kubernetes.io/");
}

/** A pod that has ended uses nothing, nor does one whose node can't tell that it has. */
function isCharged({ metadata, status }: Pod, nowMs: number): boolean {
  if (status?.phase === "Failed" || status?.phase === "Succeeded") return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (!deletionTimestamp || deletionGracePeriodSeconds === undefined) return true;
  return nowMs <= Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

const SERVICE_NAMES = ["count/services", "services", "services.nodeports", "services.loadbalancers"];

const serviceEvaluator: QuotaEvaluator = {
  tracks: (name) => SERVICE_NAMES.includes(name),
  usage(object) {
    const { type, ports = [], allocateLoadBalancerNodePorts } = (object as Service).spec;
    const takesPorts = type === "NodePort" || (type === "LoadBalancer" && allocateLoadBalancerNodePorts !== false);
    const nodePorts = takesPorts ? ports.length : type === "LoadBalancer" ? ports.filter(({ nodePort }) => nodePort).length : 0;
    return { "count/services": pieces(1), services: pieces(1), "services.nodeports": pieces(nodePorts), "services.loadbalancers": pieces(type === "LoadBalancer" ? 1 : 0) };
  },
  matchesScope: () => false,
  handles: ({ operation, subresource }) => (operation === "CREATE" || operation === "UPDATE") && subresource === "",
};

const CLAIM_NAMES = ["persistentvolumeclaims", "requests.storage"];

const claimEvaluator: QuotaEvaluator = {
  tracks: (name) => name === "count/persistentvolumeclaims" || CLAIM_NAMES.some((known) => name === known || name.endsWith(CLASS_SUFFIX + known)),
  usage(object) {
    const claim = object as PersistentVolumeClaim;
    const storage = storageOf(claim);
    const usage: Amounts = { "count/persistentvolumeclaims": pieces(1), persistentvolumeclaims: pieces(1), ...(storage ? { "requests.storage": storage } : {}) };
    const className = claim.metadata.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? claim.spec.storageClassName;
    if (!className) return usage;
    const byClass = CLAIM_NAMES.filter((name) => usage[name]).map((name) => [className + CLASS_SUFFIX + name, usage[name]!] as const);
    return { ...usage, ...Object.fromEntries(byClass) };
  },
  matchesScope: (scope, object) => claimMatchesScope(scope, object as PersistentVolumeClaim),
  handles({ operation, subresource, object, oldObject }) {
    if (subresource === "") return operation === "CREATE" || operation === "UPDATE";
    return subresource === "status" && object !== undefined && oldObject !== undefined && allocated(object as PersistentVolumeClaim).nanos !== allocated(oldObject as PersistentVolumeClaim).nanos;
  },
};

/** What was asked for, or what was given while a resize isn't done; in whole bytes. */
function storageOf(claim: PersistentVolumeClaim): Amount | undefined {
  const requested = claim.spec.resources?.requests?.["storage"];
  return requested === undefined ? undefined : wholeAmount(maxAmount(parseAmount(requested), allocated(claim)));
}

function allocated({ status }: PersistentVolumeClaim): Amount {
  const text = status?.allocatedResources?.["storage"];
  return text === undefined ? NOTHING : parseAmount(text);
}

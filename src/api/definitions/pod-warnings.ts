/**
 * What is accepted in a pod or a template but probably isn't meant: upstream's warnings, and ours of what the
 * embedded runtime lacks.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/api/pod/warnings.go
 */
import { parseQuantity } from "#lib/quantity.ts";
import type { Affinity, Container, ContainerPort, NodeSelectorTerm, ObjectMeta, PodSpec, PodTemplateSpec } from "../types.ts";
import { ipWarnings } from "./names.ts";
import { deprecatedLabel, deprecatedLabelAt, nodeSelectorTermWarnings } from "./node-label-warnings.ts";
import { unsupportedInPodSpec } from "./unsupported.ts";
import { overlappingPaths } from "./volume-warnings.ts";

const ANNOTATION_DEPRECATIONS: Record<string, string> = {
  "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
  "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
  "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
};

const VOLUME_DEPRECATIONS: Record<string, string> = {
  photonPersistentDisk: "deprecated in v1.11, non-functional in v1.16+",
  gitRepo: "deprecated in v1.11",
  scaleIO: "deprecated in v1.16, non-functional in v1.22+",
  flocker: "deprecated in v1.22, non-functional in v1.25+",
  storageos: "deprecated in v1.22, non-functional in v1.25+",
  quobyte: "deprecated in v1.22, non-functional in v1.25+",
  glusterfs: "deprecated in v1.25, non-functional in v1.26+",
  cephfs: "deprecated in v1.28, non-functional in v1.31+",
  rbd: "deprecated in v1.28, non-functional in v1.31+",
};

const SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR_CONTAINER = "container.apparmor.security.beta.kubernetes.io/";
const NO_SELECTOR = "a null labelSelector results in matching no pod";

/** Warnings for a pod. */
export function podWarnings({ metadata, spec }: { metadata: ObjectMeta; spec: PodSpec }): string[] {
  return warningsFor(metadata, spec, "", false);
}

/** Warnings for the template in `field`: `spec.template`. */
export function templateWarnings(template: PodTemplateSpec | undefined, field: string): string[] {
  return template?.spec ? warningsFor(template.metadata ?? {}, template.spec, `${field}.`, true) : [];
}

/** `prefix` comes before `spec` and `metadata`. */
function warningsFor({ annotations = {} }: ObjectMeta, spec: PodSpec, prefix: string, isTemplate: boolean): string[] {
  const field = `${prefix}spec`;
  const containers = allContainers(spec, field);
  return [
    ...deprecatedLabels(spec, field),
    ...missingSpreadSelectors(spec, field),
    ...Object.entries(ANNOTATION_DEPRECATIONS).flatMap(([key, text]) => (key in annotations ? [`${prefix}metadata.annotations[${key}]: ${text}`] : [])),
    ...deprecatedVolumes(spec, field),
    ...overlappingPaths(spec.volumes ?? []),
    ...repeated(spec.hostAliases ?? [], "ip", `${field}.hostAliases`),
    ...(spec.hostAliases ?? []).flatMap(({ ip }, i) => ipWarnings(`${field}.hostAliases[${i}].ip`, ip)),
    ...(spec.dnsConfig?.nameservers ?? []).flatMap((ip, i) => ipWarnings(`${field}.dnsConfig.nameservers[${i}]`, ip)),
    ...repeated(spec.imagePullSecrets ?? [], "name", `${field}.imagePullSecrets`),
    ...(spec.imagePullSecrets ?? []).flatMap(({ name }, i) => (name ? [] : [`${field}.imagePullSecrets[${i}].name: invalid empty name ""`])),
    ...fractions(spec.overhead, `${field}.overhead`),
    ...deprecatedSecurityAnnotations(annotations, spec, containers, prefix, isTemplate),
    ...containers.flatMap(([container, path]) => [
      ...fractions(container.resources?.limits, `${path}.resources.limits`),
      ...fractions(container.resources?.requests, `${path}.resources.requests`),
      ...hiddenVariables(container, path),
    ]),
    ...portWarnings(containers),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0 ? [`${field}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`] : []),
    ...missingAffinitySelectors(spec.affinity, `${field}.affinity`),
    ...unsupportedInPodSpec(spec, field),
  ];
}

/** Containers of every kind with their paths. */
function allContainers(spec: PodSpec, field: string): [container: Container, path: string][] {
  const lists = { initContainers: spec.initContainers, containers: spec.containers, ephemeralContainers: spec.ephemeralContainers };
  return Object.entries(lists).flatMap(([name, list]) => (list ?? []).map((container, i): [Container, string] => [container, `${field}.${name}[${i}]`]));
}

function deprecatedLabels({ nodeSelector = {}, affinity, topologySpreadConstraints = [] }: PodSpec, field: string): string[] {
  const { requiredDuringSchedulingIgnoredDuringExecution: mandatory, preferredDuringSchedulingIgnoredDuringExecution: preferred = [] } = affinity?.nodeAffinity ?? {};
  const path = `${field}.affinity.nodeAffinity`;
  const terms: [NodeSelectorTerm, string][] = [
    ...(mandatory?.nodeSelectorTerms ?? []).map((term, i): [NodeSelectorTerm, string] => [term, `${path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${i}]`]),
    ...preferred.map(({ preference }, i): [NodeSelectorTerm, string] => [preference, `${path}.preferredDuringSchedulingIgnoredDuringExecution[${i}].preference`]),
  ];
  return [
    ...Object.keys(nodeSelector).flatMap((key) => deprecatedLabelAt(key, `${field}.nodeSelector[${key}]`)),
    ...terms.flatMap(([term, at]) => nodeSelectorTermWarnings(term, at)),
    ...topologySpreadConstraints.flatMap(({ topologyKey }, i) => deprecatedLabel(topologyKey, `${field}.topologySpreadConstraints[${i}].topologyKey`)),
  ];
}

function missingSpreadSelectors({ topologySpreadConstraints = [] }: PodSpec, field: string): string[] {
  return topologySpreadConstraints.flatMap(({ labelSelector }, i) => (labelSelector ? [] : [`${field}.topologySpreadConstraints[${i}].labelSelector: ${NO_SELECTOR}`]));
}

function missingAffinitySelectors({ podAffinity, podAntiAffinity }: Affinity = {}, field: string): string[] {
  return Object.entries({ podAffinity, podAntiAffinity }).flatMap(([name, affinity]) => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ labelSelector }, i) =>
      labelSelector ? [] : [`${field}.${name}.requiredDuringSchedulingIgnoredDuringExecution[${i}].labelSelector: ${NO_SELECTOR}`],
    ),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ podAffinityTerm }, i) =>
      podAffinityTerm.labelSelector ? [] : [`${field}.${name}.preferredDuringSchedulingIgnoredDuringExecution[${i}].podAffinityTerm.labelSelector: ${NO_SELECTOR}`],
    ),
  ]);
}

function deprecatedVolumes({ volumes = [] }: PodSpec, field: string): string[] {
  return volumes.flatMap((volume, i) => [
    ...Object.keys(volume).flatMap((type) => (VOLUME_DEPRECATIONS[type] ? [`${field}.volumes[${i}].${type}: ${VOLUME_DEPRECATIONS[type]}`] : [])),
    ...fractions(volume.ephemeral?.volumeClaimTemplate?.spec.resources?.requests, `${field}.volumes[${i}].ephemeral.volumeClaimTemplate.spec.resources.requests`, ["storage"]),
  ]);
}

/** Items whose name came before; applying them would drop one. */
function repeated<T extends object>(items: T[], name: keyof T & string, field: string): string[] {
  const seen = new Set<unknown>();
  return items.flatMap((item, i) => {
    const again = seen.has(item[name]);
    seen.add(item[name]);
    return again ? [`${field}[${i}].${name}: duplicate ${name} ${JSON.stringify(item[name] ?? "")}`] : [];
  });
}

/** Parts of a byte. */
export function fractions(quantities: Record<string, string> | undefined, field: string, names = ["memory", "ephemeral-storage"]): string[] {
  return names.flatMap((name) => {
    const quantity = quantities?.[name];
    return quantity !== undefined && !Number.isInteger(parseQuantity(quantity)) ? [`${field}[${name}]: fractional byte value ${JSON.stringify(quantity)} is invalid, must be an integer`] : [];
  });
}

type Containers = [container: Container, path: string][];

function deprecatedSecurityAnnotations(annotations: Record<string, string>, spec: PodSpec, containers: Containers, prefix: string, isTemplate: boolean): string[] {
  const warnings: string[] = [];
  const warn = (key: string, text: string): void => void (key in annotations && warnings.push(`${prefix}metadata.annotations[${key}]: ${text}`));
  const seccomp = 'non-functional in v1.27+; use the "seccompProfile" field instead';
  if (!spec.securityContext?.seccompProfile) warn(SECCOMP_POD, seccomp);
  for (const [{ name, securityContext }] of containers) {
    if (!securityContext?.seccompProfile) warn(SECCOMP_CONTAINER + name, seccomp);
    const hasAppArmor = spec.securityContext?.appArmorProfile ?? securityContext?.appArmorProfile;
    if (isTemplate && !hasAppArmor) warn(APP_ARMOR_CONTAINER + name, 'deprecated since v1.30; use the "appArmorProfile" field instead');
  }
  return warnings;
}

/** A variable may be defined twice where the second definition builds on the first: `X=a`, `X=$(X)b`. */
function hiddenVariables({ env = [] }: Container, field: string): string[] {
  const seen = new Set<string>();
  return env.flatMap(({ name, value = "", valueFrom }, i) => {
    const reference = `$(${name})`;
    const hides = seen.has(name) && (valueFrom !== undefined || value === reference || !value.includes(reference));
    seen.add(name);
    return hides ? [`${field}.env[${i}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`] : [];
  });
}

function portWarnings(containers: Containers): string[] {
  const seen = new Map<string, { field: string; port: ContainerPort }[]>();
  return containers.flatMap(([{ ports = [] }, path]) =>
    ports.flatMap((port, i) => {
      const field = `${path}.ports[${i}]`;
      const { name = "", containerPort, protocol = "TCP", hostIP = "", hostPort = 0 } = port;
      const warnings: string[] = [];
      if (hostIP && !hostPort) warnings.push(`${field}: hostIP set without hostPort: {Name:${name} HostPort:0 ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`);
      const key = `${containerPort}/${protocol}`;
      const others = seen.get(key) ?? [];
      for (const other of others) warnings.push(...portConflict(port, field, other));
      seen.set(key, [...others, { field, port }]);
      return warnings;
    }),
  );
}

function portConflict({ hostIP = "", hostPort = 0 }: ContainerPort, field: string, other: { field: string; port: ContainerPort }): string[] {
  const { hostIP: otherIP = "", hostPort: otherPort = 0 } = other.port;
  if (hostIP === otherIP && hostPort === otherPort) return [`${field}: duplicate port definition with ${other.field}`];
  if (!hostPort || !otherPort) return [`${field}: overlapping port definition with ${other.field}`];
  const ambiguous = hostPort === otherPort && (hostIP === "") !== (otherIP === "");
  return ambiguous ? [`${field}: dangerously ambiguous port definition with ${other.field}`] : [];
}

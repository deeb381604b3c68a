/**
 * What Kubernetes has and the embedded runtime doesn't: every such field that an object sets is named in a
 * warning to whoever writes it, so that nothing is ignored in silence.
 */
import type { Container, PodSpec, Service, Volume } from "../types.ts";

/** The pod runs, but without this. */
const IGNORED = "not supported by the embedded runtime; ignored on this cluster";
/** The pod doesn't run: it would not be what was asked for. */
const REFUSED = "not supported by the embedded runtime; pods that ask for it do not start on this cluster";

const REFUSED_IN_PODS = ["hostPID", "hostIPC", "shareProcessNamespace", "runtimeClassName"] as const;
const IGNORED_IN_PODS = [
  "hostUsers",
  "hostnameOverride",
  "overhead",
  "resourceClaims",
  "resources",
  "setHostnameAsFQDN",
] as const;

const IGNORED_IN_CONTAINERS = ["resizePolicy", "restartPolicyRules"] as const;

/** Volume types the kubelet mounts. */
const VOLUMES = ["configMap", "downwardAPI", "emptyDir", "hostPath", "persistentVolumeClaim", "projected", "secret"];
const CONTAINER_RESOURCES = ["cpu", "memory", "ephemeral-storage"];

/** Warnings for a pod's spec, or a template's. */
export function unsupportedInPodSpec(spec: PodSpec | undefined, field: string): string[] {
  if (!spec) return [];
  const refused: string[] = REFUSED_IN_PODS.filter((name) => spec[name]);
  const ignored: string[] = [
    ...IGNORED_IN_PODS.filter((name) => name in spec && (spec as unknown as Record<string, unknown>)[name]),
    ...securityFields(spec.securityContext),
  ];
  if (spec.os && spec.os.name !== "linux") refused.push("os.name");
  if (spec.dnsPolicy === "None") refused.push("dnsPolicy");
  if (spec.dnsConfig?.nameservers?.length) refused.push("dnsConfig.nameservers");
  if (spec.schedulerName && spec.schedulerName !== "default-scheduler") refused.push("schedulerName");
  if (spec.imagePullSecrets?.length) ignored.push("imagePullSecrets");
  for (const [i, volume] of (spec.volumes ?? []).entries()) {
    refused.push(...unsupportedVolume(volume).map((name) => `volumes[${i}].${name}`));
    for (const limit of ["medium", "sizeLimit"] as const) if (volume.emptyDir?.[limit]) ignored.push(`volumes[${i}].emptyDir.${limit}`);
  }
  for (const list of ["initContainers", "containers"] as const) {
    for (const [i, container] of (spec[list] ?? []).entries()) {
      const path = `${list}[${i}]`;
      refused.push(...refusedInContainer(container).map((name) => `${path}.${name}`));
      ignored.push(...ignoredInContainer(container).map((name) => `${path}.${name}`));
      if (list === "containers" && container.restartPolicy) ignored.push(`${path}.restartPolicy`);
    }
  }
  for (const [i, container] of (spec.ephemeralContainers ?? []).entries()) {
    const path = `ephemeralContainers[${i}]`;
    // Nothing hides a pod's processes from each other, so there are none to be let in to.
    if (container.targetContainerName) ignored.push(`${path}.targetContainerName`);
    ignored.push(...ignoredInContainer(container).map((name) => `${path}.${name}`));
  }
  return [...refused.map((name) => `${field}.${name}: ${REFUSED}`), ...ignored.map((name) => `${field}.${name}: ${IGNORED}`)];
}

function unsupportedVolume(volume: Volume): string[] {
  return Object.keys(volume).filter((type) => type !== "name" && !VOLUMES.includes(type));
}

function refusedInContainer({ livenessProbe, readinessProbe, startupProbe, lifecycle, volumeDevices, resources, ports }: Container): string[] {
  const probes = { livenessProbe, readinessProbe, startupProbe };
  const hooks = { postStart: lifecycle?.postStart, preStop: lifecycle?.preStop };
  const devices = Object.keys(resources?.limits ?? {}).filter((name) => !CONTAINER_RESOURCES.includes(name));
  return [
    ...Object.entries(probes).flatMap(([name, probe]) => (probe?.grpc ? [`${name}.grpc`] : [])),
    ...Object.entries(hooks).flatMap(([name, hook]) => (hook?.tcpSocket ? [`lifecycle.${name}.tcpSocket`] : [])),
    ...(volumeDevices?.length ? ["volumeDevices"] : []),
    ...devices.map((name) => `resources.limits[${name}]`),
    ...(ports ?? []).flatMap(({ hostPort }, i) => (hostPort ? [`ports[${i}].hostPort`] : [])),
  ];
}

function ignoredInContainer(container: Container): string[] {
  return [
    ...IGNORED_IN_CONTAINERS.filter((name) => container[name]?.length),
    ...securityFields(container.securityContext),
    // The scheduler counts it, nothing holds a process to it.
    ...(container.resources?.limits?.["cpu"] ? ["resources.limits[cpu]"] : []),
    ...(container.lifecycle?.stopSignal ? ["lifecycle.stopSignal"] : []),
    ...(container.volumeMounts ?? []).flatMap(({ mountPropagation }, i) => (mountPropagation && mountPropagation !== "None" ? [`volumeMounts[${i}].mountPropagation`] : [])),
  ];
}

/** Containers run as the user who started the cluster, with that user's rights: what says otherwise has no effect. One entry for the whole context. */
function securityFields(context: object | undefined): string[] {
  const asked = Object.entries(context ?? {}).filter(([name, value]) => (name === "allowPrivilegeEscalation" ? value === false : value !== undefined && value !== false));
  return asked.length > 0 ? [`securityContext (${asked.map(([name]) => name).join(", ")})`] : [];
}

/** Kinds that are stored, and what doesn't follow from that. */
export const STORED_ONLY: Record<string, string> = {
  CSIDriver: "the embedded runtime runs no CSI drivers",
  CSINode: "the embedded runtime runs no CSI drivers",
  CSIStorageCapacity: "the scheduler doesn't ask for it",
  FlowSchema: "this API server limits no requests",
  HorizontalPodAutoscaler: "nothing on this cluster scales by it",
  Ingress: "this cluster has no ingress controller of its own",
  NetworkPolicy: "not enforced: on this cluster every pod reaches every other",
  PriorityLevelConfiguration: "this API server limits no requests",
  ServiceCIDR: "Services have their addresses from the range that the cluster was made with",
  VolumeAttachment: "the embedded runtime attaches no volumes",
  VolumeAttributesClass: "the embedded runtime runs no CSI drivers that could change a volume",
};

/** What to tell whoever writes an object of a kind that has no effect here. */
export function storedOnly(kind: keyof typeof STORED_ONLY): string[] {
  return [`${kind} is stored and has no effect: ${STORED_ONLY[kind]}`];
}

/** Warnings for a Service. */
export function unsupportedInService({ spec }: Service): string[] {
  const fields: string[] = [];
  if (spec.ports?.some(({ protocol }) => protocol && protocol !== "TCP")) fields.push("ports.protocol");
  if (spec.externalIPs?.length) fields.push("externalIPs");
  if (spec.loadBalancerSourceRanges?.length) fields.push("loadBalancerSourceRanges");
  if (spec.trafficDistribution) fields.push("trafficDistribution");
  return fields.map((name) => `spec.${name}: ${IGNORED}`);
}

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/service/strategy.go */
import { services } from "../resources.ts";
import type { Service } from "../types.ts";
import { NONE, UNKNOWN, ageColumn, column, labelsText, nameColumn, wide } from "./columns.ts";
import { define } from "./define.ts";
import { cidrWarnings, ipWarnings } from "./names.ts";
import { isHeadless, normalizeClusterIPs } from "./service-cluster-ips.ts";
import { TOPOLOGY_HINTS, TOPOLOGY_MODE, validateService, validateServiceStatus, validateServiceUpdate } from "./service-validation.ts";
import { unsupportedInService } from "./unsupported.ts";

export const service = define(services, {
  model: "io.k8s.api.core.v1.Service",
  emptySpec: () => ({}),
  shortNames: ["svc"],
  categories: ["all"],
  subresources: ["status"],
  setDefaults: setServiceDefaults,
  prepareForCreate(object) {
    object.status = { loadBalancer: {} };
    normalizeClusterIPs(object.spec);
  },
  prepareForUpdate(object, old) {
    normalizeClusterIPs(object.spec, old.spec);
    dropUnused(object, old);
  },
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  validateStatusUpdate: validateServiceStatus,
  warnings: (object) => [...serviceWarnings(object), ...unsupportedInService(object)],
  fields: ({ spec }) => ({ "spec.clusterIP": spec.clusterIP ?? "", "spec.type": spec.type ?? "" }),
  columns: [
    nameColumn(),
    column("Type", "type determines how the Service is exposed. Defaults to ClusterIP. Valid options are ExternalName, ClusterIP, NodePort, and LoadBalancer.", ({ spec }) => spec.type!),
    column("Cluster-IP", "clusterIP is the IP address of the service and is usually assigned randomly.", ({ spec }) => spec.clusterIPs?.[0] ?? (spec.clusterIP || NONE)),
    column("External-IP", "externalIPs is a list of IP addresses for which nodes in the cluster will also accept traffic for this service.", externalIP),
    column("Port(s)", "The list of ports that are exposed by this service.", portsText),
    ageColumn(),
    wide(column("Selector", "Route service traffic to pods with label keys and values matching this selector.", ({ spec }) => labelsText(spec.selector))),
  ],
});

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/v1/defaults.go (SetDefaults_Service) */
function setServiceDefaults({ spec, status }: Service): void {
  spec.sessionAffinity ||= "None";
  if (spec.sessionAffinity === "None") delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === "ClientIP" && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: 10800 } };
  }
  spec.type ||= "ClusterIP";
  for (const port of spec.ports ?? []) {
    port.protocol ||= "TCP";
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === "") port.targetPort = port.port;
  }
  const external = spec.type === "NodePort" || spec.type === "LoadBalancer" || (spec.type === "ClusterIP" && (spec.externalIPs?.length ?? 0) > 0);
  if (external) spec.externalTrafficPolicy ||= "Cluster";
  if (spec.type !== "ExternalName") spec.internalTrafficPolicy ??= "Cluster";
  if (spec.type === "LoadBalancer") {
    spec.allocateLoadBalancerNodePorts ??= true;
    for (const ingress of status?.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= "VIP";
  }
}

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/api/service/warnings.go */
function serviceWarnings({ metadata, spec }: Service): string[] {
  const { type, clusterIPs = [], externalIPs = [], loadBalancerIP, loadBalancerSourceRanges = [] } = spec;
  const warnings: string[] = [];
  if (metadata.annotations?.[TOPOLOGY_HINTS] !== undefined) warnings.push(`annotation ${TOPOLOGY_HINTS} is deprecated, please use ${TOPOLOGY_MODE} instead`);
  if (type !== "ExternalName" && !isHeadless(spec)) warnings.push(...clusterIPs.flatMap((ip, i) => ipWarnings(`spec.clusterIPs[${i}]`, ip)));
  if (type === "ClusterIP" && isHeadless(spec)) {
    if (loadBalancerIP) warnings.push("spec.loadBalancerIP is ignored for headless services");
    if (externalIPs.length > 0) warnings.push("spec.externalIPs is ignored for headless services");
    if (spec.sessionAffinity !== "None") warnings.push("spec.SessionAffinity is ignored for headless services");
  }
  warnings.push(...externalIPs.flatMap((ip, i) => ipWarnings(`spec.externalIPs[${i}]`, ip)));
  if (loadBalancerIP) warnings.push(...ipWarnings("spec.loadBalancerIP", loadBalancerIP));
  warnings.push(...loadBalancerSourceRanges.flatMap((range, i) => cidrWarnings(`spec.loadBalancerSourceRanges[${i}]`, range)));
  if (type === "ExternalName" && externalIPs.length > 0) warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (type !== "ExternalName" && spec.externalName) warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  if (spec.trafficDistribution === "PreferClose") warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  return warnings;
}

/** Wipes what the new type has no use for, where the client left it as it was. */
function dropUnused({ spec }: Service, { spec: old }: Service): void {
  const usesNodePorts = ({ type, allocateLoadBalancerNodePorts }: Service["spec"]): boolean =>
    type === "NodePort" || (type === "LoadBalancer" && allocateLoadBalancerNodePorts !== false);
  const oldPorts = new Map((old.ports ?? []).map((port) => [port.port, port.nodePort]));
  if (usesNodePorts(old) && !usesNodePorts(spec)) {
    for (const port of spec.ports ?? []) if (port.nodePort === oldPorts.get(port.port)) delete port.nodePort;
  }
  if (old.type !== "ExternalName" && spec.type === "ExternalName" && spec.clusterIP === old.clusterIP) {
    for (const field of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] as const) delete spec[field];
  }
  if (old.type === "ExternalName" && spec.type !== "ExternalName" && spec.externalName === old.externalName) delete spec.externalName;
  if (old.type === "LoadBalancer" && spec.type !== "LoadBalancer") {
    for (const field of ["allocateLoadBalancerNodePorts", "loadBalancerClass", "healthCheckNodePort"] as const) if (spec[field] === old[field]) delete spec[field];
  }
  if (spec.type === "ClusterIP" && !spec.externalIPs?.length && spec.externalTrafficPolicy === old.externalTrafficPolicy) delete spec.externalTrafficPolicy;
}

function externalIP({ spec, status }: Service): string {
  const listed = spec.externalIPs ?? [];
  switch (spec.type ?? "") {
    case "ClusterIP":
    case "NodePort":
      return listed.join(",") || NONE;
    case "LoadBalancer": {
      const balancers = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname).filter((address) => address !== undefined);
      return [...[...new Set(balancers)].sort(), ...listed].join(",") || "<pending>";
    }
    case "ExternalName":
      return spec.externalName ?? "";
    default:
      return UNKNOWN;
  }
}

function portsText({ spec }: Service): string {
  const ports = (spec.ports ?? []).map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ""}/${protocol}`);
  return ports.join(",") || NONE;
}

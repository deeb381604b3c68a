/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/service/strategy.go */
import { services } from "../resources.ts";
import type { Service } from "../types.ts";
import { NONE, UNKNOWN, ageColumn, column, labelsText, nameColumn, wide } from "./columns.ts";
import { define } from "./define.ts";
import { validateService, validateServiceUpdate } from "./service-validation.ts";
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
  },
  prepareForUpdate: dropUnused,
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  warnings: unsupportedInService,
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
function setServiceDefaults({ spec }: Service): void {
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
  if (spec.type === "LoadBalancer") spec.allocateLoadBalancerNodePorts ??= true;
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

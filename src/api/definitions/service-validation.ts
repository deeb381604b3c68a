/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidateService) */
import { parseAddress } from "#lib/ip.ts";
import type { FieldError } from "../errors.ts";
import type { Service } from "../types.ts";
import { duplicate, forbidden, invalid, invalidFor, notSupported, required, validateOneOf } from "./field-errors.ts";
import { cidr, dns1035Label, dns1123Label, dns1123Subdomain, ipAddress, portNumber, qualifiedName, validateLabels, validateName, validateNonSpecialIp, validatePortNumber, validatePortNumberOrName } from "./names.ts";
import { isHeadless, validateClusterIPs, validateClusterIPsUpdate } from "./service-cluster-ips.ts";

type Spec = Service["spec"];

const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const POLICIES = ["Cluster", "Local"];
const MAX_AFFINITY_SECONDS = 86400;
const ONLY_LOAD_BALANCERS = "may only be used when `type` is 'LoadBalancer'";
export const TOPOLOGY_HINTS = "service.kubernetes.io/topology-aware-hints";
export const TOPOLOGY_MODE = "service.kubernetes.io/topology-mode";
const SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges";

const isExternal = ({ type, externalIPs }: Spec): boolean =>
  type === "NodePort" || type === "LoadBalancer" || (type === "ClusterIP" && (externalIPs?.length ?? 0) > 0);
const needsHealthCheck = ({ type, externalTrafficPolicy }: Spec): boolean => type === "LoadBalancer" && externalTrafficPolicy === "Local";

export function validateService({ metadata, spec }: Service): FieldError[] {
  const { annotations = {}, name } = metadata;
  const errors = validateName(name, dns1035Label);
  const hints = annotations[TOPOLOGY_HINTS];
  const mode = annotations[TOPOLOGY_MODE];
  if (hints !== undefined && mode !== undefined && hints !== mode) {
    errors.push(invalid(`metadata.annotations[${TOPOLOGY_MODE}]`, mode, `must match annotations[${TOPOLOGY_HINTS}] when both are specified`));
  }
  if (!spec.ports?.length && !isHeadless(spec) && spec.type !== "ExternalName") errors.push(required("spec.ports"));
  return [
    ...errors,
    ...validateType(spec),
    ...validatePorts(spec),
    ...validateLabels(spec.selector, "spec.selector"),
    ...validateSessionAffinity(spec),
    ...validateClusterIPs(spec),
    ...(spec.externalIPs ?? []).flatMap((ip, i) => {
      const problems = invalidFor(`spec.externalIPs[${i}]`, ip, ipAddress(ip));
      return problems.length > 0 ? problems : validateNonSpecialIp(ip, `spec.externalIPs[${i}]`);
    }),
    ...validateNodePorts(spec),
    ...validateSourceRanges(spec, annotations[SOURCE_RANGES]),
    ...validateLoadBalancer(spec),
    ...validateTraffic(spec),
  ];
}

function validateType(spec: Spec): FieldError[] {
  const errors: FieldError[] = [];
  switch (spec.type) {
    case "LoadBalancer":
    case "NodePort":
      if (isHeadless(spec)) errors.push(invalid("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${spec.type} services`));
      break;
    case "ExternalName": {
      for (const field of ["clusterIPs", "ipFamilies"] as const) {
        if (spec[field]?.length) errors.push(forbidden(`spec.${field}`, "may not be set for ExternalName services"));
      }
      if (spec.ipFamilyPolicy) errors.push(forbidden("spec.ipFamilyPolicy", "may not be set for ExternalName services"));
      const name = (spec.externalName ?? "").replace(/\.$/, "");
      errors.push(...(name ? invalidFor("spec.externalName", name, dns1123Subdomain(name)) : [required("spec.externalName")]));
      break;
    }
    case undefined:
    case "":
      return [required("spec.type")];
  }
  return [...errors, ...validateOneOf("spec.type", spec.type, TYPES)];
}

function validatePorts({ ports = [] }: Spec): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap(({ name, port, protocol = "", targetPort, appProtocol }, i) => {
    const field = `spec.ports[${i}]`;
    const own: FieldError[] = [];
    if (!name && ports.length > 1) own.push(required(`${field}.name`));
    if (name) {
      own.push(...invalidFor(`${field}.name`, name, dns1123Label(name)));
      if (names.has(name)) own.push(duplicate(`${field}.name`, name));
      names.add(name);
    }
    own.push(...validatePortNumber(`${field}.port`, port));
    if (!protocol) own.push(required(`${field}.protocol`));
    else if (!PROTOCOLS.includes(protocol)) own.push(notSupported(`${field}.protocol`, protocol, PROTOCOLS));
    if (targetPort !== undefined) own.push(...validatePortNumberOrName(targetPort, `${field}.targetPort`));
    if (appProtocol) own.push(...invalidFor(`${field}.appProtocol`, appProtocol, qualifiedName(appProtocol)));
    return own;
  });
}

function validateNodePorts({ ports = [], type }: Spec): FieldError[] {
  const nodePorts = new Set<string>();
  const numbers = new Set<string>();
  const errors: FieldError[] = [];
  for (const [i, { nodePort }] of ports.entries()) {
    if (nodePort && type === "ClusterIP") errors.push(forbidden(`spec.ports[${i}].nodePort`, "may not be used when `type` is 'ClusterIP'"));
  }
  for (const [i, { nodePort, protocol }] of ports.entries()) {
    if (!nodePort) continue;
    if (nodePorts.has(`${protocol}/${nodePort}`)) errors.push(duplicate(`spec.ports[${i}].nodePort`, nodePort));
    nodePorts.add(`${protocol}/${nodePort}`);
  }
  for (const [i, { port, protocol }] of ports.entries()) {
    if (numbers.has(`${protocol}/${port}`)) errors.push(duplicate(`spec.ports[${i}]`, { port, protocol }));
    numbers.add(`${protocol}/${port}`);
  }
  return errors;
}

function validateSessionAffinity({ sessionAffinity, sessionAffinityConfig }: Spec): FieldError[] {
  const field = "spec.sessionAffinityConfig";
  if (!sessionAffinity) return [required("spec.sessionAffinity")];
  if (sessionAffinity === "None") return sessionAffinityConfig ? [forbidden(field, "must not be set when session affinity is None")] : [];
  if (sessionAffinity !== "ClientIP") return [notSupported("spec.sessionAffinity", sessionAffinity, ["ClientIP", "None"])];
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (seconds === undefined) return [required(field, "when session affinity type is ClientIP")];
  const timely = seconds > 0 && seconds <= MAX_AFFINITY_SECONDS;
  return timely ? [] : [invalid(`${field}.clientIP.timeoutSeconds`, seconds, `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`)];
}

/** `annotation` is what was there before the field. */
function validateSourceRanges({ type, loadBalancerSourceRanges: listed = [] }: Spec, annotation: string | undefined): FieldError[] {
  // The capital letter is upstream's.
  const field = listed.length > 0 ? "spec.LoadBalancerSourceRanges" : `metadata.annotations[${SOURCE_RANGES}]`;
  if (listed.length === 0 && annotation === undefined) return [];
  const errors = type === "LoadBalancer" ? [] : [forbidden(field, ONLY_LOAD_BALANCERS)];
  const problems = (path: string, text: string): FieldError[] => invalidFor(path, text.trim(), cidr(text.trim()));
  if (listed.length > 0) return [...errors, ...listed.flatMap((range, i) => problems(`${field}[${i}]`, range))];
  return [...errors, ...(annotation!.trim() === "" ? [] : annotation!.split(",").flatMap((range) => problems(field, range)))];
}

function validateLoadBalancer({ type, allocateLoadBalancerNodePorts, loadBalancerClass }: Spec): FieldError[] {
  const errors: FieldError[] = [];
  if (type === "LoadBalancer") {
    if (allocateLoadBalancerNodePorts === undefined) errors.push(required("allocateLoadBalancerNodePorts"));
    if (loadBalancerClass !== undefined) errors.push(...invalidFor("spec.loadBalancerClass", loadBalancerClass, qualifiedName(loadBalancerClass)));
    return errors;
  }
  if (allocateLoadBalancerNodePorts !== undefined) errors.push(forbidden("spec.allocateLoadBalancerNodePorts", ONLY_LOAD_BALANCERS));
  if (loadBalancerClass !== undefined) errors.push(forbidden("spec.loadBalancerClass", ONLY_LOAD_BALANCERS));
  return errors;
}

function validateTraffic(spec: Spec): FieldError[] {
  const { externalTrafficPolicy, internalTrafficPolicy, healthCheckNodePort, trafficDistribution, type } = spec;
  const errors: FieldError[] = [];
  if (isExternal(spec)) {
    if (!externalTrafficPolicy) errors.push(required("spec.externalTrafficPolicy"));
    errors.push(...validateOneOf("spec.externalTrafficPolicy", externalTrafficPolicy, POLICIES));
  } else if (externalTrafficPolicy) {
    errors.push(invalid("spec.externalTrafficPolicy", externalTrafficPolicy, "may only be set for externally-accessible services"));
  }
  if (needsHealthCheck(spec)) {
    errors.push(...(healthCheckNodePort ? invalidFor("spec.healthCheckNodePort", healthCheckNodePort, portNumber(healthCheckNodePort)) : [required("spec.healthCheckNodePort")]));
  } else if (healthCheckNodePort) {
    errors.push(invalid("spec.healthCheckNodePort", healthCheckNodePort, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"));
  }
  if (internalTrafficPolicy === undefined && type !== "ExternalName") errors.push(required("spec.internalTrafficPolicy"));
  errors.push(...validateOneOf("spec.internalTrafficPolicy", internalTrafficPolicy, POLICIES));
  return [...errors, ...validateOneOf("spec.trafficDistribution", trafficDistribution, ["PreferClose", "PreferSameNode", "PreferSameZone"])];
}

export function validateServiceUpdate({ spec }: Service, { spec: old }: Service): FieldError[] {
  const errors = validateClusterIPsUpdate(spec, old);
  if (spec.type === "LoadBalancer" && old.type === "LoadBalancer" && spec.loadBalancerClass !== old.loadBalancerClass) {
    errors.push(invalid("spec.loadBalancerClass", spec.loadBalancerClass ?? null, "may not change once set"));
  }
  if (needsHealthCheck(spec) && needsHealthCheck(old) && spec.healthCheckNodePort !== old.healthCheckNodePort) {
    errors.push(forbidden("spec.healthCheckNodePort", "field is immutable"));
  }
  return errors;
}

export function validateServiceStatus({ spec, status }: Service): FieldError[] {
  const field = "status.loadBalancer.ingress";
  const ingress = status?.loadBalancer?.ingress ?? [];
  if (spec.type !== "LoadBalancer") return ingress.length > 0 ? [forbidden(field, 'may only be used when `spec.type` is "LoadBalancer"')] : [];
  return ingress.flatMap(({ ip, ipMode, hostname }, i) => {
    const at = `${field}[${i}]`;
    const errors = ip ? invalidFor(`${at}.ip`, ip, ipAddress(ip)) : [];
    if (ipMode === undefined) {
      if (ip) errors.push(required(`${at}.ipMode`, "must be specified when `ip` is set"));
    } else if (!ip) {
      errors.push(forbidden(`${at}.ipMode`, "may not be specified when `ip` is not set"));
    } else {
      errors.push(...validateOneOf(`${at}.ipMode`, ipMode, ["Proxy", "VIP"]));
    }
    if (hostname) {
      errors.push(...invalidFor(`${at}.hostname`, hostname, dns1123Subdomain(hostname)));
      if (parseAddress(hostname)) errors.push(invalid(`${at}.hostname`, hostname, "must be a DNS name, not an IP address"));
    }
    return errors;
  });
}

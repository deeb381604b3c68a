/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidateService) */
import type { FieldError } from "../errors.ts";
import type { Service } from "../types.ts";
import { duplicate, forbidden, invalid, invalidFor, notSupported, required, validateOneOf } from "./field-errors.ts";
import { cidr, dns1035Label, dns1123Label, dns1123Subdomain, ipAddress, portNumber, qualifiedName, validateLabels, validateName, validateNonSpecialIp, validatePortNumber, validatePortNumberOrName } from "./names.ts";

type Spec = Service["spec"];

const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const POLICIES = ["Cluster", "Local"];
const MAX_AFFINITY_SECONDS = 86400;

const isHeadless = ({ clusterIP }: Spec): boolean => clusterIP === "None";
const isExternal = ({ type, externalIPs }: Spec): boolean =>
  type === "NodePort" || type === "LoadBalancer" || (type === "ClusterIP" && (externalIPs?.length ?? 0) > 0);
const needsHealthCheck = ({ type, externalTrafficPolicy }: Spec): boolean => type === "LoadBalancer" && externalTrafficPolicy === "Local";

export function validateService({ metadata, spec }: Service): FieldError[] {
  const errors = validateName(metadata.name, dns1035Label);
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

function validatePorts({ ports = [], type }: Spec): FieldError[] {
  const names = new Set<string>();
  const nodePorts = new Set<string>();
  const numbers = new Set<string>();
  const errors = ports.flatMap((servicePort, i) => {
    const { name, port, protocol = "", targetPort, nodePort, appProtocol } = servicePort;
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
    if (nodePort && type === "ClusterIP") own.push(forbidden(`${field}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
    return own;
  });
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

function validateClusterIPs(spec: Spec): FieldError[] {
  const { clusterIP = "", clusterIPs = [], type } = spec;
  if (type === "ExternalName") return [];
  const errors: FieldError[] = [];
  if (clusterIP !== (clusterIPs[0] ?? "")) {
    errors.push(clusterIPs.length === 0 ? required("spec.clusterIPs") : invalid("spec.clusterIPs", clusterIPs, "first value must match `clusterIP`"));
  }
  for (const [i, ip] of clusterIPs.entries()) {
    if (ip !== "None") errors.push(...invalidFor(`spec.clusterIPs[${i}]`, ip, ipAddress(ip)));
    else if (clusterIPs.length > 1) errors.push(invalid(`spec.clusterIPs[${i}]`, ip, "'None' must be the first and only value"));
  }
  errors.push(...validateOneOf("spec.ipFamilyPolicy", spec.ipFamilyPolicy, ["PreferDualStack", "RequireDualStack", "SingleStack"]));
  for (const [i, family] of (spec.ipFamilies ?? []).entries()) errors.push(...validateOneOf(`spec.ipFamilies[${i}]`, family, ["IPv4", "IPv6"]));
  return errors;
}

function validateLoadBalancer({ type, loadBalancerSourceRanges = [], allocateLoadBalancerNodePorts, loadBalancerClass }: Spec): FieldError[] {
  const errors: FieldError[] = [];
  // The capital letter is upstream's.
  const ranges = "spec.LoadBalancerSourceRanges";
  if (loadBalancerSourceRanges.length > 0 && type !== "LoadBalancer") errors.push(forbidden(ranges, "may only be used when `type` is 'LoadBalancer'"));
  for (const [i, range] of loadBalancerSourceRanges.entries()) errors.push(...invalidFor(`${ranges}[${i}]`, range.trim(), cidr(range.trim())));
  if (type === "LoadBalancer" && allocateLoadBalancerNodePorts === undefined) errors.push(required("allocateLoadBalancerNodePorts"));
  if (type !== "LoadBalancer") {
    const why = "may only be used when `type` is 'LoadBalancer'";
    if (allocateLoadBalancerNodePorts !== undefined) errors.push(forbidden("spec.allocateLoadBalancerNodePorts", why));
    if (loadBalancerClass !== undefined) errors.push(forbidden("spec.loadBalancerClass", why));
  } else if (loadBalancerClass !== undefined) {
    errors.push(...invalidFor("spec.loadBalancerClass", loadBalancerClass, qualifiedName(loadBalancerClass)));
  }
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
  const errors: FieldError[] = [];
  const addressed = spec.type !== "ExternalName" && old.type !== "ExternalName";
  if (addressed && old.clusterIPs?.length && spec.clusterIPs?.[0] !== old.clusterIPs[0]) {
    errors.push(invalid("spec.clusterIPs[0]", spec.clusterIPs ?? null, "may not change once set"));
  }
  if (addressed && old.ipFamilies?.length && spec.ipFamilies?.[0] !== old.ipFamilies[0]) {
    errors.push(invalid("spec.ipFamilies[0]", spec.ipFamilies ?? null, "may not change once set"));
  }
  if (spec.type === "LoadBalancer" && old.type === "LoadBalancer" && spec.loadBalancerClass !== old.loadBalancerClass) {
    errors.push(invalid("spec.loadBalancerClass", spec.loadBalancerClass ?? null, "may not change once set"));
  }
  if (needsHealthCheck(spec) && needsHealthCheck(old) && spec.healthCheckNodePort !== old.healthCheckNodePort) {
    errors.push(forbidden("spec.healthCheckNodePort", "field is immutable"));
  }
  return errors;
}

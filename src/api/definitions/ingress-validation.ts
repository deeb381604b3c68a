/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/networking/validation/validation.go (ValidateIngressCreate) */
import { isIP } from "node:net";
import type { FieldError } from "../errors.ts";
import type { Ingress } from "../types.ts";
import { invalid, invalidFor, notSupported, required } from "./field-errors.ts";
import { dns1035Label, dns1123Subdomain, ipAddress, pathSegmentName, portName, portNumber, validateName, wildcardDns1123Subdomain } from "./names.ts";

type Spec = Ingress["spec"];
type Backend = NonNullable<Spec["defaultBackend"]>;
type Rule = NonNullable<Spec["rules"]>[number];
type Path = NonNullable<Rule["http"]>["paths"][number];
type Reference = { apiGroup?: string | undefined; kind: string; name: string };

export const CLASS_ANNOTATION = "kubernetes.io/ingress.class";
const PATH_TYPES = ["Exact", "ImplementationSpecific", "Prefix"];
const BAD_SEQUENCES = ["//", "/./", "/../", "%2f", "%2F"];
const BAD_SUFFIXES = ["/..", "/."];

export function validateIngress(ingress: Ingress, old?: Ingress): FieldError[] {
  const { metadata, spec } = ingress;
  const errors = [...validateName(metadata.name, dns1123Subdomain), ...validateSpec(spec, old?.spec)];
  const annotation = metadata.annotations?.[CLASS_ANNOTATION];
  if (!old && annotation !== undefined && spec.ingressClassName !== undefined && annotation !== spec.ingressClassName) {
    errors.push(invalid(`annotations.${CLASS_ANNOTATION}`, annotation, "must match `ingressClassName` when both are specified"));
  }
  return errors;
}

function validateSpec(spec: Spec, old: Spec | undefined): FieldError[] {
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec;
  const badSecrets = old?.tls?.some(({ secretName }) => secretName && dns1123Subdomain(secretName).length > 0) ?? false;
  const badWildcards = old?.rules?.some((rule) => rule.host?.includes("*") && validateRuleValue(rule, "").length > 0) ?? false;
  return [
    ...(rules.length === 0 && !defaultBackend ? [invalid("spec", spec.rules ?? null, "either `defaultBackend` or `rules` must be specified")] : []),
    ...(defaultBackend ? validateBackend(defaultBackend, "spec.defaultBackend") : []),
    ...rules.flatMap((rule, i) => validateRule(rule, `spec.rules[${i}]`, badWildcards)),
    ...tls.flatMap(({ hosts = [], secretName }, i) => [
      ...hosts.flatMap((host, h) => invalidFor(`spec.tls[${i}].hosts[${h}]`, host, hostProblems(host))),
      ...(secretName && !badSecrets ? invalidFor(`spec.tls[${i}].secretName`, secretName, dns1123Subdomain(secretName)) : []),
    ]),
    ...(ingressClassName === undefined ? [] : invalidFor("spec.ingressClassName", ingressClassName, dns1123Subdomain(ingressClassName))),
  ];
}

function hostProblems(host: string): string[] {
  return host.includes("*") ? wildcardDns1123Subdomain(host) : dns1123Subdomain(host);
}

function validateRule(rule: Rule, field: string, badWildcards: boolean): FieldError[] {
  const { host = "" } = rule;
  const errors = isIP(host) ? [invalid(`${field}.host`, host, "must be a DNS name, not an IP address")] : [];
  if (host !== "") errors.push(...invalidFor(`${field}.host`, host, hostProblems(host)));
  return host.includes("*") && badWildcards ? errors : [...errors, ...validateRuleValue(rule, field)];
}

function validateRuleValue({ http }: Rule, field: string): FieldError[] {
  if (!http) return [];
  if (http.paths.length === 0) return [required(`${field}.http.paths`)];
  return http.paths.flatMap((path, i) => validatePath(path, `${field}.http.paths[${i}]`));
}

function validatePath({ path = "", pathType, backend }: Path, field: string): FieldError[] {
  if (!pathType) return [required(`${field}.pathType`, "pathType must be specified")];
  const errors: FieldError[] = [];
  const absolute = path.startsWith("/");
  if (!PATH_TYPES.includes(pathType)) errors.push(notSupported(`${field}.pathType`, pathType, PATH_TYPES));
  else if (!absolute && (path !== "" || pathType !== "ImplementationSpecific")) errors.push(invalid(`${field}.path`, path, "must be an absolute path"));
  if (pathType === "Exact" || pathType === "Prefix") {
    for (const sequence of BAD_SEQUENCES) if (path.includes(sequence)) errors.push(invalid(`${field}.path`, path, `must not contain '${sequence}'`));
    for (const suffix of BAD_SUFFIXES) if (path.endsWith(suffix)) errors.push(invalid(`${field}.path`, path, `cannot end with '${suffix}'`));
  }
  return [...errors, ...validateBackend(backend, `${field}.backend`)];
}

function validateBackend({ resource, service }: Backend, field: string): FieldError[] {
  if (resource && service) return [invalid(field, "", "cannot set both resource and service backends")];
  if (resource) return validateReference(resource, `${field}.resource`);
  if (!service) return [invalid(field, "", "resource or service backend is required")];
  const { name: portText = "", number = 0 } = service.port ?? {};
  const errors = service.name === "" ? [required(`${field}.service.name`)] : invalidFor(`${field}.service.name`, service.name, dns1035Label(service.name));
  if (portText !== "" && number !== 0) return [...errors, invalid(field, "", "cannot set both port name & port number")];
  if (portText !== "") return [...errors, ...invalidFor(`${field}.service.port.name`, portText, portName(portText))];
  if (number !== 0) return [...errors, ...invalidFor(`${field}.service.port.number`, number, portNumber(number))];
  return [...errors, required(field, "port name or number is required")];
}

export function validateReference({ apiGroup, kind, name }: Reference, field: string): FieldError[] {
  return [
    ...(apiGroup === undefined ? [] : invalidFor(`${field}.apiGroup`, apiGroup, dns1123Subdomain(apiGroup))),
    ...(kind === "" ? [required(`${field}.kind`, "kind is required")] : invalidFor(`${field}.kind`, kind, pathSegmentName(kind))),
    ...(name === "" ? [required(`${field}.name`, "name is required")] : invalidFor(`${field}.name`, name, pathSegmentName(name))),
  ];
}

export function validateIngressStatus({ status }: Ingress): FieldError[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }, i) => {
    const field = `status.loadBalancer.ingress[${i}]`;
    return [
      ...(ip ? invalidFor(`${field}.ip`, ip, ipAddress(ip)) : []),
      ...(hostname ? invalidFor(`${field}.hostname`, hostname, dns1123Subdomain(hostname)) : []),
      ...(hostname && isIP(hostname) ? [invalid(`${field}.hostname`, hostname, "must be a DNS name, not an IP address")] : []),
    ];
  });
}

/** @see https://github.com/kubernetes/kube-aggregator/blob/master/pkg/apis/apiregistration/validation/validation.go */
import type { FieldError } from "../errors.ts";
import type { APIService } from "../types.ts";
import { invalid, invalidFor, notSupported, required } from "./field-errors.ts";
import { dns1035Label, dns1123Subdomain, pathSegmentName, portNumber } from "./names.ts";

const STATUSES = ["True", "False", "Unknown"];

export function validateAPIService({ metadata: { name = "" }, spec }: APIService): FieldError[] {
  const { group = "", version = "", groupPriorityMinimum: groupPriority, versionPriority } = spec;
  const wanted = `${version}.${group}`;
  const malformed = pathSegmentName(name);
  const misnamed = name === wanted ? [] : [`must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`];
  return [
    ...invalidFor("metadata.name", name, malformed.length > 0 ? malformed : misnamed),
    ...(group === "" && version !== "v1" ? [required("spec.group", "only v1 may have an empty group and it better be legacy kube")] : []),
    ...(group === "" ? [] : invalidFor("spec.group", group, dns1123Subdomain(group))),
    ...invalidFor("spec.version", version, dns1035Label(version)),
    ...(groupPriority <= 0 || groupPriority > 20000 ? [invalid("spec.groupPriorityMinimum", groupPriority, "must be positive and less than 20000")] : []),
    ...(versionPriority <= 0 || versionPriority > 1000 ? [invalid("spec.versionPriority", versionPriority, "must be positive and less than 1000")] : []),
    ...validateBackend(spec),
  ];
}

function validateBackend({ service, caBundle = "", insecureSkipTLSVerify = false }: APIService["spec"]): FieldError[] {
  if (!service) {
    return [
      ...(caBundle ? [invalid("spec.caBundle", `${Buffer.byteLength(caBundle, "base64")} bytes`, "local APIServices may not have a caBundle")] : []),
      ...(insecureSkipTLSVerify ? [invalid("spec.insecureSkipTLSVerify", true, "local APIServices may not have insecureSkipTLSVerify")] : []),
    ];
  }
  const { namespace = "", name = "", port = 0 } = service;
  const problems = portNumber(port);
  return [
    ...(namespace === "" ? [required("spec.service.namespace")] : []),
    ...(name === "" ? [required("spec.service.name")] : []),
    ...(problems.length > 0 ? [invalid("spec.service.port", port, `port is not valid: ${problems.join(", ")}`)] : []),
    ...(insecureSkipTLSVerify && caBundle ? [invalid("spec.insecureSkipTLSVerify", true, "may not be true if caBundle is present")] : []),
  ];
}

export function validateAPIServiceStatus({ status }: APIService): FieldError[] {
  return (status?.conditions ?? []).flatMap(({ status: of }, i) => (STATUSES.includes(of) ? [] : [notSupported(`status.conditions[${i}].status`, of, STATUSES)]));
}

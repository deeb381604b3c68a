/**
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidatePodSpec, ValidatePodUpdate)
 */
import { isDeepStrictEqual } from "node:util";
import type { FieldError } from "../errors.ts";
import type { Container, Pod, PodSpec, Toleration } from "../types.ts";
import { type PodContext, validateContainers, validateInitContainers } from "./container-validation.ts";
import { differences } from "./differences.ts";
import { duplicate, forbidden, invalid, invalidFor, required, validateImmutable, validateOneOf } from "./field-errors.ts";
import { dns1123Label, dns1123Subdomain, ipAddress, positiveSeconds, qualifiedName, unixId, validateLabels, validateName } from "./names.ts";
import { validateAffinity, validateSpread, validateTolerations } from "./scheduling-validation.ts";
import { validateVolumes } from "./volume-validation.ts";

const RESTART_POLICIES = ["Always", "OnFailure", "Never"];
const DNS_POLICIES = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

export function validatePod(pod: Pod): FieldError[] {
  const { metadata, spec } = pod;
  const errors = [...validateName(metadata.name, dns1123Subdomain), ...validatePodSpec(spec, "spec")];
  if (!spec.serviceAccountName) {
    for (const [v, { projected }] of (spec.volumes ?? []).entries()) {
      for (const [s, { serviceAccountToken }] of (projected?.sources ?? []).entries()) {
        const path = `spec.volumes[${v}].projected.sources[${s}].serviceAccountToken`;
        if (serviceAccountToken) errors.push(forbidden(path, "must not be specified when serviceAccountName is not set"));
      }
    }
  }
  errors.push(...validateImages(spec.containers, "spec.containers"), ...validateImages(spec.initContainers ?? [], "spec.initContainers"));
  if (spec.nodeName && spec.schedulingGates?.length && !pod.metadata.resourceVersion) {
    errors.push(forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"));
  }
  return errors;
}

function validateImages(containers: Container[], field: string): FieldError[] {
  return containers.flatMap(({ image = "" }, i) => (image === image.trim() ? [] : [invalid(`${field}[${i}].image`, image, "must not have leading or trailing whitespace")]));
}

/** The spec of a pod or of a template. */
export function validatePodSpec(spec: PodSpec, field: string): FieldError[] {
  const { errors, known } = validateVolumes(spec.volumes ?? [], `${field}.volumes`);
  const context: PodContext = { volumes: known, gracePeriodSeconds: spec.terminationGracePeriodSeconds };
  errors.push(
    ...validateContainers(spec.containers ?? [], context, `${field}.containers`),
    ...validateInitContainers(spec.initContainers ?? [], spec.containers ?? [], context, `${field}.initContainers`),
    ...validateHostNetwork(spec, field),
  );
  if (!spec.restartPolicy) errors.push(required(`${field}.restartPolicy`));
  errors.push(
    ...validateOneOf(`${field}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES),
    ...validateOneOf(`${field}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES),
    ...validateLabels(spec.nodeSelector, `${field}.nodeSelector`),
    ...validatePodSecurityContext(spec, `${field}.securityContext`),
    ...(spec.affinity ? validateAffinity(spec.affinity, `${field}.affinity`) : []),
    ...validateDnsConfig(spec, `${field}.dnsConfig`),
    ...(spec.readinessGates ?? []).flatMap(({ conditionType }, i) => invalidFor(`${field}.readinessGates[${i}].conditionType`, conditionType, qualifiedName(conditionType))),
    ...validateSchedulingGates(spec.schedulingGates ?? [], `${field}.schedulingGates`),
    ...validateSpread(spec.topologySpreadConstraints ?? [], `${field}.topologySpreadConstraints`),
    ...validateName(spec.serviceAccountName, dns1123Subdomain, `${field}.serviceAccountName`),
    ...validateName(spec.nodeName, dns1123Subdomain, `${field}.nodeName`),
  );
  const { activeDeadlineSeconds } = spec;
  if (activeDeadlineSeconds !== undefined) errors.push(...invalidFor(`${field}.activeDeadlineSeconds`, activeDeadlineSeconds, positiveSeconds(activeDeadlineSeconds)));
  errors.push(
    ...validateName(spec.hostname, dns1123Label, `${field}.hostname`),
    ...validateName(spec.subdomain, dns1123Label, `${field}.subdomain`),
    ...validateTolerations(spec.tolerations ?? [], `${field}.tolerations`),
    ...(spec.hostAliases ?? []).flatMap(({ ip, hostnames = [] }, i) => [
      ...invalidFor(`${field}.hostAliases[${i}].ip`, ip, ipAddress(ip)),
      ...hostnames.flatMap((hostname, j) => invalidFor(`${field}.hostAliases[${i}].hostnames[${j}]`, hostname, dns1123Subdomain(hostname))),
    ]),
    ...validateName(spec.priorityClassName, dns1123Subdomain, `${field}.priorityClassName`),
    ...validateName(spec.runtimeClassName, dns1123Subdomain, `${field}.runtimeClassName`),
    ...validateOneOf(`${field}.preemptionPolicy`, spec.preemptionPolicy, ["PreemptLowerPriority", "Never"]),
    ...validateOneOf(`${field}.os.name`, spec.os?.name, ["linux", "windows"]),
  );
  return errors;
}

function validateHostNetwork({ hostNetwork, containers }: PodSpec, field: string): FieldError[] {
  if (!hostNetwork) return [];
  return containers.flatMap(({ ports = [] }, c) =>
    ports.flatMap(({ hostPort, containerPort }, p) =>
      hostPort && hostPort !== containerPort ? [invalid(`${field}.containers[${c}].ports[${p}].hostPort`, hostPort, "must match `containerPort` when `hostNetwork` is true")] : [],
    ),
  );
}

function validatePodSecurityContext({ securityContext = {}, shareProcessNamespace, hostPID }: PodSpec, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ["fsGroup", "runAsUser", "runAsGroup"] as const) {
    const id = securityContext[name];
    if (id !== undefined) errors.push(...invalidFor(`${field}.${name}`, id, unixId(id)));
  }
  for (const [i, id] of (securityContext.supplementalGroups ?? []).entries()) errors.push(...invalidFor(`${field}.supplementalGroups[${i}]`, id, unixId(id)));
  if (shareProcessNamespace && hostPID) {
    errors.push(invalid(`${field}.shareProcessNamespace`, true, "ShareProcessNamespace and HostPID cannot both be enabled"));
  }
  return [...errors, ...validateOneOf(`${field}.fsGroupChangePolicy`, securityContext.fsGroupChangePolicy, ["Always", "OnRootMismatch"])];
}

function validateDnsConfig({ dnsConfig, dnsPolicy }: PodSpec, field: string): FieldError[] {
  if (dnsPolicy === "None") {
    if (!dnsConfig) return [required(field, "must provide `dnsConfig` when `dnsPolicy` is None")];
    if (!dnsConfig.nameservers?.length) return [required(`${field}.nameservers`, "must provide at least one DNS nameserver when `dnsPolicy` is None")];
  }
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {};
  const errors: FieldError[] = [];
  if (nameservers.length > 3) errors.push(invalid(`${field}.nameservers`, nameservers, "must not have more than 3 nameservers"));
  for (const [i, server] of nameservers.entries()) errors.push(...invalidFor(`${field}.nameservers[${i}]`, server, ipAddress(server)));
  if (searches.length > 32) errors.push(invalid(`${field}.searches`, searches, "must not have more than 32 search paths"));
  if (searches.join(" ").length > 2048) {
    errors.push(invalid(`${field}.searches`, searches, "must not have more than 2048 characters (including spaces) in the search list"));
  }
  for (const [i, { name }] of options.entries()) if (!name) errors.push(required(`${field}.options[${i}]`, "must not be empty"));
  return errors;
}

function validateSchedulingGates(gates: { name: string }[], field: string): FieldError[] {
  const seen = new Set<string>();
  return gates.flatMap(({ name }, i) => {
    const errors = invalidFor(`${field}[${i}]`, name, qualifiedName(name));
    if (seen.has(name)) errors.push(duplicate(`${field}[${i}]`, name));
    seen.add(name);
    return errors;
  });
}

const UPDATABLE = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
].join(",");

export function validatePodUpdate({ spec }: Pod, { spec: old }: Pod): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ["containers", "initContainers"] as const) {
    if ((spec[name]?.length ?? 0) !== (old[name]?.length ?? 0)) return [...errors, forbidden(`spec.${name}`, "pod updates may not add or remove containers")];
  }
  errors.push(
    ...validateDeadlineUpdate(spec.activeDeadlineSeconds, old.activeDeadlineSeconds),
    ...validateOnlyAdded(spec.tolerations ?? [], old.tolerations ?? []),
    ...validateOnlyDeletedGates(spec, old),
  );
  const allowed = structuredClone(spec);
  for (const name of ["containers", "initContainers"] as const) {
    for (const [i, container] of (allowed[name] ?? []).entries()) container.image = old[name]![i]!.image!;
  }
  const free = ["activeDeadlineSeconds", "tolerations", "schedulingGates"] as const;
  for (const field of free) Object.assign(allowed, { [field]: old[field] });
  if ((old.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1) {
    allowed.terminationGracePeriodSeconds = old.terminationGracePeriodSeconds!;
  }
  // A gated pod has not been scheduled: its choice of nodes may still be narrowed.
  if (old.schedulingGates?.length && Object.entries(old.nodeSelector ?? {}).every(([key, value]) => spec.nodeSelector?.[key] === value)) {
    Object.assign(allowed, { nodeSelector: old.nodeSelector });
  }
  const plain = JSON.parse(JSON.stringify(allowed)) as PodSpec;
  if (!isDeepStrictEqual(plain, old)) {
    errors.push(forbidden("spec", `pod updates may not change fields other than ${UPDATABLE}\n${differences(old, plain, "spec")}`));
  }
  return errors;
}

function validateDeadlineUpdate(seconds: number | undefined, old: number | undefined): FieldError[] {
  const field = "spec.activeDeadlineSeconds";
  if (seconds === undefined) return old === undefined ? [] : [invalid(field, null, "must not update from a positive integer to nil value")];
  return old !== undefined && seconds > old ? [invalid(field, seconds, "must be less than or equal to previous value")] : [];
}

function validateOnlyAdded(tolerations: Toleration[], old: Toleration[]): FieldError[] {
  const same = (a: Toleration, b: Toleration): boolean => isDeepStrictEqual({ ...a, tolerationSeconds: 0 }, { ...b, tolerationSeconds: 0 });
  const kept = old.every((known) => tolerations.some((toleration) => same(toleration, known)));
  return kept ? [] : [forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")];
}

function validateOnlyDeletedGates({ schedulingGates = [] }: PodSpec, { schedulingGates: old = [] }: PodSpec): FieldError[] {
  return schedulingGates.flatMap(({ name }, i) =>
    old.some((known) => known.name === name) ? [] : [forbidden(`spec.schedulingGates[${i}].name`, `only deletion is allowed, but found new scheduling gate '${name}'`)],
  );
}

export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const { status = {} } = pod;
  // Writers may leave the class out.
  const errors = status.qosClass ? validateImmutable("status.qosClass", status.qosClass, old.status?.qosClass) : [];
  for (const name of ["containerStatuses", "initContainerStatuses"] as const) errors.push(...validateStateTransition(pod, old, name));
  for (const [i, { ip }] of (status.podIPs ?? []).entries()) errors.push(...invalidFor(`status.podIPs[${i}]`, ip, ipAddress(ip)));
  return errors;
}

/** A container that has ended for good stays ended. */
function validateStateTransition(pod: Pod, old: Pod, name: "containerStatuses" | "initContainerStatuses"): FieldError[] {
  const { restartPolicy, initContainers = [] } = old.spec;
  if (restartPolicy === "Always") return [];
  return (old.status?.[name] ?? []).flatMap((before, i) => {
    const ended = before.state?.terminated;
    const sidecar = name === "initContainerStatuses" && initContainers.some((container) => container.name === before.name && container.restartPolicy === "Always");
    if (!ended || sidecar || (ended.exitCode !== 0 && restartPolicy === "OnFailure")) return [];
    const after = pod.status?.[name]?.find((status) => status.name === before.name);
    return after && !after.state?.terminated ? [forbidden(`status.${name}[${i}].state`, "may not be transitioned to non-terminated state")] : [];
  });
}

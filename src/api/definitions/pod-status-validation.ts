/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidatePodStatusUpdate) */
import { isIPv6 } from "node:net";
import type { FieldError } from "../errors.ts";
import type { ContainerStatus, Pod } from "../types.ts";
import { duplicate, forbidden, invalid, invalidFor, validateImmutable } from "./field-errors.ts";
import { dns1123Subdomain, ipAddress, qualifiedName, validateName } from "./names.ts";
import { validateAnnotationsUpdate } from "./pod-update-validation.ts";

const SYSTEM_CONDITIONS = ["PodScheduled", "Ready", "Initialized"];

export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const { status = {} } = pod;
  return [
    ...validateAnnotationsUpdate(pod, old),
    ...(status.conditions ?? []).flatMap(({ type }, i) => (SYSTEM_CONDITIONS.includes(type) ? [] : invalidFor(`metadata.conditions[${i}].Type`, type, qualifiedName(type)))),
    ...(status.nominatedNodeName === old.status?.nominatedNodeName ? [] : validateName(status.nominatedNodeName, dns1123Subdomain, "status.nominatedNodeName")),
    // Writers may leave the class out.
    ...(status.qosClass ? validateImmutable("status.qosClass", status.qosClass, old.status?.qosClass) : []),
    ...validateStateTransition(pod, old, "containerStatuses", old.spec.restartPolicy),
    ...validateStateTransition(pod, old, "initContainerStatuses", old.spec.restartPolicy),
    // Nobody starts an ephemeral container again.
    ...validateStateTransition(pod, old, "ephemeralContainerStatuses", "Never"),
    ...validateClaimStatuses(pod),
    ...validateAddresses(status.podIPs ?? [], "status.podIPs"),
    ...(status.hostIPs?.[0] && status.hostIPs[0].ip !== status.hostIP ? [invalid("status.hostIPs[0].ip", status.hostIPs[0].ip, "must be equal to `hostIP`")] : []),
    ...validateAddresses(status.hostIPs ?? [], "status.hostIPs"),
    ...(status.ephemeralContainerStatuses ?? []).flatMap(validateNoAllocatedStatus),
  ];
}

type StatusList = "containerStatuses" | "initContainerStatuses" | "ephemeralContainerStatuses";

/** A container that has ended for good stays ended. */
function validateStateTransition(pod: Pod, old: Pod, name: StatusList, restartPolicy: string | undefined): FieldError[] {
  if (restartPolicy === "Always") return [];
  return (old.status?.[name] ?? []).flatMap((before, i) => {
    const ended = before.state?.terminated;
    const sidecar = name === "initContainerStatuses" && old.spec.initContainers?.some((container) => container.name === before.name && container.restartPolicy === "Always");
    if (!ended || sidecar || (ended.exitCode !== 0 && restartPolicy === "OnFailure")) return [];
    const after = pod.status?.[name]?.find((status) => status.name === before.name);
    return after && !after.state?.terminated ? [forbidden(`status.${name}[${i}].state`, "may not be transitioned to non-terminated state")] : [];
  });
}

function validateClaimStatuses({ spec, status }: Pod): FieldError[] {
  const seen = new Set<string>();
  return (status?.resourceClaimStatuses ?? []).flatMap(({ name, resourceClaimName }, i) => {
    const field = `status.resourceClaimStatuses[${i}].name`;
    const known = spec.resourceClaims?.some((claim) => claim.name === name);
    const errors = known ? [] : [invalid(field, name, "must match the name of an entry in `spec.resourceClaims`")];
    if (seen.has(name)) errors.push(duplicate(field, name));
    seen.add(name);
    return [...errors, ...validateName(resourceClaimName, dns1123Subdomain, field)];
  });
}

/** One of each family. */
function validateAddresses(addresses: { ip: string }[], field: string): FieldError[] {
  const errors = addresses.flatMap(({ ip }, i) => invalidFor(`${field}[${i}]`, ip, ipAddress(ip)));
  if (addresses.length < 2) return errors;
  const families = new Set(addresses.map(({ ip }) => isIPv6(ip)));
  if (families.size < 2 || addresses.length > 2) errors.push(invalid(field, addresses, "may specify no more than one IP for each IP family"));
  return [...errors, ...addresses.flatMap((address, i) => (addresses.slice(0, i).some(({ ip }) => ip === address.ip) ? [duplicate(`${field}[${i}]`, address)] : []))];
}

function validateNoAllocatedStatus({ allocatedResourcesStatus = [] }: ContainerStatus, i: number): FieldError[] {
  const field = `status.ephemeralContainerStatuses[${i}].allocatedResourcesStatus`;
  return allocatedResourcesStatus.length > 0 ? [forbidden(field, "cannot be set for a container status")] : [];
}

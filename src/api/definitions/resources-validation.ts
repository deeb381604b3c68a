/** Requests and limits. @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidateContainerResourceRequirements) */
import { formatBytes, formatCpu, parseQuantity } from "#lib/quantity.ts";
import type { FieldError } from "../errors.ts";
import type { Container, PodSpec } from "../types.ts";
import { duplicate, forbidden, invalid, invalidFor, notFound, notSupported, required } from "./field-errors.ts";
import { qualifiedName } from "./names.ts";

type Requirements = NonNullable<Container["resources"]>;
type Quantities = Record<string, string>;

const CONTAINER_RESOURCES = ["cpu", "memory", "ephemeral-storage"];
/** Names without a domain that mean something somewhere, if not for containers. */
const STANDARD_RESOURCES =
  /^((requests\.|limits\.)?(cpu|memory|ephemeral-storage)|(requests\.)?storage|pods|resourcequotas|services(\.(nodeports|loadbalancers))?|replicationcontrollers|secrets|persistentvolumeclaims|configmaps|(requests\.)?hugepages-.*)$/;

/** Of those, the ones that are counted in pieces. */
const COUNTED = /^(pods|resourcequotas|services(\.(nodeports|loadbalancers))?|replicationcontrollers|secrets|persistentvolumeclaims|configmaps)$/;

const isHugePages = (name: string): boolean => name.startsWith("hugepages-");
const isNative = (name: string): boolean => !name.includes("/") || name.includes("kubernetes.io/");
/** Resources that vendors define: in a domain of their own, and not the quota of one. */
const isExtended = (name: string): boolean => !isNative(name) && !name.startsWith("requests.") && qualifiedName(`requests.${name}`).length === 0;
/** Resources that may be promised more often than they are there; of the others a limit is a request. */
export const mayOvercommit = (name: string): boolean => isNative(name) && !isHugePages(name);

/** `claimNames`: the pod's resource claims, where the resources are those of its container. */
export function validateResources({ limits = {}, requests = {}, claims = [] }: Requirements, field: string, claimNames = new Set<string>()): FieldError[] {
  const errors = [...validateQuantities(limits, `${field}.limits`)];
  for (const [name, request] of Object.entries(requests)) {
    errors.push(...validateQuantities({ [name]: request }, `${field}.requests`));
    const limit = limits[name];
    if (limit === undefined) {
      if (!mayOvercommit(name)) errors.push(required(`${field}.limits`, "Limit must be set for non overcommitable resources"));
      continue;
    }
    const excess = parseQuantity(request) - parseQuantity(limit);
    if (excess !== 0 && !mayOvercommit(name)) errors.push(invalid(`${field}.requests`, request, `must be equal to ${name} limit of ${limit}`));
    else if (excess > 0) errors.push(invalid(`${field}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`));
  }
  return [...errors, ...validateClaimNames(claims, claimNames, `${field}.claims`)];
}

function validateClaimNames(claims: NonNullable<Requirements["claims"]>, known: Set<string>, field: string): FieldError[] {
  const seen = new Set<string>();
  const hint = known.size > 0 ? `: ${[...known].sort().join(", ")}` : " which is empty";
  return claims.flatMap(({ name, request }, i) => {
    const path = `${field}[${i}]`;
    if (!name) return [required(path)];
    const key = `${name}/${request ?? ""}`;
    const errors = seen.has(key) ? [duplicate(path, name)] : [];
    seen.add(key);
    return known.has(name) ? errors : [...errors, notFound(path, name, `must be one of the names in pod.spec.resourceClaims${hint}`)];
  });
}

/** Resources of the whole pod: at least what its containers request, and for none of them less than its limit. */
export function validatePodResources({ resources, containers, initContainers = [] }: PodSpec, field: string): FieldError[] {
  if (!resources) return [];
  const { limits = {}, requests = {}, claims } = resources;
  const errors = claims ? [forbidden(`${field}.claims`, "claims cannot be set for Resources at pod-level")] : [];
  for (const [list, quantities] of Object.entries({ limits, requests })) {
    for (const name of Object.keys(quantities)) if (!isPodLevel(name)) errors.push(notSupported(`${field}.${list}[${name}]`, name, POD_RESOURCES));
  }
  errors.push(...validateResources({ limits, requests }, field));
  for (const [name, total] of Object.entries(requestsOf(containers, initContainers))) {
    if (!isPodLevel(name) || total <= parseQuantity(requests[name] ?? "0")) continue;
    errors.push(invalid(`${field}.requests[${name}]`, requests[name] ?? "0", `must be greater than or equal to aggregate container requests of ${name === "cpu" ? formatCpu(total * 1000) : formatBytes(total)}`));
  }
  for (const [i, container] of containers.entries()) {
    for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
      const most = limits[name];
      if (most === undefined || parseQuantity(limit) <= parseQuantity(most)) continue;
      errors.push(invalid(`${field}.containers[${i}][${name}].limits`, limit, `must be less than or equal to pod limits of ${most}`));
    }
  }
  return errors;
}

const POD_RESOURCES = ["cpu", "hugepages-", "memory"];
const isPodLevel = (name: string): boolean => name === "cpu" || name === "memory" || isHugePages(name);

/** What the containers request together; init containers run before the rest, but for those that stay. */
function requestsOf(containers: Container[], initContainers: Container[]): Record<string, number> {
  const amounts = ({ resources }: Container): Map<string, number> => new Map(Object.entries(resources?.requests ?? {}).map(([name, quantity]) => [name, parseQuantity(quantity)]));
  const staying = initContainers.filter(({ restartPolicy }) => restartPolicy === "Always");
  const names = new Set([...containers, ...initContainers].flatMap(({ resources }) => Object.keys(resources?.requests ?? {})));
  return Object.fromEntries(
    [...names].map((name) => {
      const sum = (list: Container[]): number => list.reduce((total, container) => total + (amounts(container).get(name) ?? 0), 0);
      const steps = initContainers.map((container, i) => (amounts(container).get(name) ?? 0) + sum(staying.filter((other) => other !== container && initContainers.indexOf(other) < i)));
      return [name, Math.max(sum([...containers, ...staying]), ...steps)];
    }),
  );
}

function validateQuantities(quantities: Quantities, field: string): FieldError[] {
  return Object.entries(quantities).flatMap(([name, quantity]) => {
    const path = `${field}[${name}]`;
    return [...validateContainerResourceName(name, path), ...validateQuantity(name, quantity, path)];
  });
}

/** The name of a resource of any kind. */
export function validateResourceType(name: string, field: string): FieldError[] {
  const malformed = invalidFor(field, name, qualifiedName(name));
  if (malformed.length > 0 || name.includes("/") || STANDARD_RESOURCES.test(name)) return malformed;
  return [invalid(field, name, "must be a standard resource type or fully qualified")];
}

/** The name of something that containers may request. */
export function validateContainerResourceName(name: string, field: string): FieldError[] {
  const errors = validateResourceType(name, field);
  if (!name.includes("/")) {
    const forContainers = isHugePages(name) || CONTAINER_RESOURCES.includes(name) || qualifiedName(name).length > 0;
    return forContainers ? errors : [...errors, invalid(field, name, "must be a standard resource for containers")];
  }
  return isNative(name) || isExtended(name) || qualifiedName(name).length > 0 ? errors : [...errors, invalid(field, name, "doesn't follow extended resource name standard")];
}

/** A quantity that may not be negative, and of countable things may not be a fraction. */
export function validateQuantity(name: string, quantity: string, field: string): FieldError[] {
  const value = parseQuantity(quantity);
  const errors = value < 0 ? [invalid(field, quantity, "must be greater than or equal to 0")] : [];
  return (COUNTED.test(name) || isExtended(name)) && !Number.isInteger(value) ? [...errors, invalid(field, quantity, "must be an integer")] : errors;
}

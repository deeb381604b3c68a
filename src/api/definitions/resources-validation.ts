/** Requests and limits. @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidateContainerResourceRequirements) */
import { parseQuantity } from "#lib/quantity.ts";
import type { FieldError } from "../errors.ts";
import type { Container } from "../types.ts";
import { invalid, invalidFor, required } from "./field-errors.ts";
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

export function validateResources({ limits = {}, requests = {} }: Requirements, field: string): FieldError[] {
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
  return errors;
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

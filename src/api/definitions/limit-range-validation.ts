/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidateLimitRange) */
import { parseQuantity } from "#lib/quantity.ts";
import type { FieldError } from "../errors.ts";
import type { LimitRange, LimitRangeItem } from "../types.ts";
import { duplicate, forbidden, invalid, invalidFor, required } from "./field-errors.ts";
import { dns1123Subdomain, qualifiedName, validateName } from "./names.ts";
import { mayOvercommit, validateContainerResourceName, validateResourceType } from "./resources-validation.ts";

const TYPES = ["Pod", "Container", "PersistentVolumeClaim"];

export function validateLimitRange({ metadata, spec }: LimitRange): FieldError[] {
  const types = new Set<string>();
  const errors = validateName(metadata.name, dns1123Subdomain);
  for (const [i, limit] of spec.limits.entries()) {
    const field = `spec.limits[${i}]`;
    errors.push(...validateType(limit.type, `${field}.type`));
    if (types.has(limit.type)) errors.push(duplicate(`${field}.type`, limit.type));
    types.add(limit.type);
    errors.push(...validateItem(limit, field));
  }
  return errors;
}

function validateType(type: string, field: string): FieldError[] {
  const malformed = invalidFor(field, type, qualifiedName(type));
  if (malformed.length > 0 || type.includes("/") || TYPES.includes(type)) return malformed;
  return [invalid(field, type, "must be a standard limit type or fully qualified")];
}

function validateItem(limit: LimitRangeItem, field: string): FieldError[] {
  const { type, max = {}, min = {}, default: defaults = {}, defaultRequest = {}, maxLimitRequestRatio = {} } = limit;
  const validateResource = type === "Pod" || type === "Container" ? validateContainerResourceName : validateResourceType;
  const names = (quantities: Record<string, string>, name: string): FieldError[] => Object.keys(quantities).flatMap((resource) => validateResource(resource, `${field}.${name}[${resource}]`));
  const errors = [...names(max, "max"), ...names(min, "min")];
  const forPods = type === "Pod";
  for (const [name, quantities] of [["default", defaults], ["defaultRequest", defaultRequest]] as const) {
    if (!forPods) errors.push(...names(quantities, name));
    else if (Object.keys(quantities).length > 0) errors.push(forbidden(`${field}.${name}`, "may not be specified when `type` is 'Pod'"));
  }
  if (type === "PersistentVolumeClaim" && min["storage"] === undefined && max["storage"] === undefined) {
    errors.push(required(`${field}.limits`, "either minimum or maximum storage value is required, but neither was provided"));
  }
  errors.push(...names(maxLimitRequestRatio, "maxLimitRequestRatio"));
  const shown = forPods ? { min, max, maxLimitRequestRatio, default: {}, defaultRequest: {} } : { min, max, maxLimitRequestRatio, default: defaults, defaultRequest };
  const resources = new Set(Object.values(shown).flatMap((quantities) => Object.keys(quantities)));
  return [...errors, ...[...resources].flatMap((resource) => validateOrder(resource, shown, field))];
}

type Quantities = Record<"min" | "max" | "default" | "defaultRequest" | "maxLimitRequestRatio", Record<string, string>>;

/** That the limits of one resource don't contradict each other. */
function validateOrder(resource: string, quantities: Quantities, field: string): FieldError[] {
  const min = quantities.min[resource];
  const max = quantities.max[resource];
  const standard = quantities.default[resource];
  const request = quantities.defaultRequest[resource];
  const ratio = quantities.maxLimitRequestRatio[resource];
  const exceeds = (a: string | undefined, b: string | undefined): boolean => a !== undefined && b !== undefined && parseQuantity(a) > parseQuantity(b);
  const at = (name: keyof Quantities): string => `${field}.${name}[${resource}]`;
  const errors: FieldError[] = [];
  if (exceeds(min, max)) errors.push(invalid(at("min"), min, `min value ${min} is greater than max value ${max}`));
  if (exceeds(min, request)) errors.push(invalid(at("defaultRequest"), request, `min value ${min} is greater than default request value ${request}`));
  if (exceeds(request, max)) errors.push(invalid(at("defaultRequest"), request, `default request value ${request} is greater than max value ${max}`));
  if (exceeds(request, standard)) errors.push(invalid(at("defaultRequest"), request, `default request value ${request} is greater than default limit value ${standard}`));
  // The values shown with these two are upstream's.
  if (exceeds(min, standard)) errors.push(invalid(at("default"), min, `min value ${min} is greater than default value ${standard}`));
  if (exceeds(standard, max)) errors.push(invalid(at("default"), max, `default value ${standard} is greater than max value ${max}`));
  if (exceeds("1", ratio)) errors.push(invalid(at("maxLimitRequestRatio"), ratio, `ratio ${ratio} is less than 1`));
  if (ratio !== undefined && min !== undefined && max !== undefined) {
    const most = parseQuantity(max) / parseQuantity(min);
    if (parseQuantity(ratio) > most) errors.push(invalid(at("maxLimitRequestRatio"), ratio, `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`));
  }
  if (!mayOvercommit(resource) && standard !== undefined && request !== undefined && parseQuantity(standard) !== parseQuantity(request)) {
    errors.push(invalid(at("defaultRequest"), request, `default value ${standard} must equal to defaultRequest value ${request} in ${resource}`));
  }
  return errors;
}

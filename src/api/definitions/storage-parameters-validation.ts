/** What the classes of storage share. @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/storage/validation/validation.go */
import type { FieldError } from "../errors.ts";
import { invalid, invalidFor, required, tooLong } from "./field-errors.ts";
import { dns1123Subdomain, qualifiedName } from "./names.ts";

const MAX_PARAMETERS = 512;
const MAX_PARAMETERS_BYTES = 256 * 1024;
const MAX_DRIVER_BYTES = 63;

/** A provisioner's or driver's name where a class names it. */
export function validateProvisioner(name: string, field: string): FieldError[] {
  const lower = name.toLowerCase();
  return name === "" ? [required(field)] : invalidFor(field, lower, qualifiedName(lower));
}

export function validateParameters(parameters: Record<string, string>, field: string): FieldError[] {
  const entries = Object.entries(parameters);
  if (entries.length > MAX_PARAMETERS) return [tooLong(field, MAX_PARAMETERS)];
  const errors = entries.flatMap(([key]) => (key === "" ? [invalid(field, key, "field can not be empty.")] : []));
  return bytesOf(parameters) > MAX_PARAMETERS_BYTES ? [...errors, tooLong(field, MAX_PARAMETERS_BYTES)] : errors;
}

/** Keys and values together. */
export function bytesOf(strings: Record<string, string>): number {
  return Object.entries(strings).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
}

/** The name of a CSI driver, as it names itself. */
export function validateDriverName(name: string, field: string): FieldError[] {
  return [
    ...(name === "" ? [required(field)] : []),
    ...(name.length > MAX_DRIVER_BYTES ? [tooLong(field, MAX_DRIVER_BYTES)] : []),
    ...invalidFor(field, name, dns1123Subdomain(name.toLowerCase())),
  ];
}

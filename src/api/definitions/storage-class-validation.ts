/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/storage/validation/validation.go */
import type { FieldError } from "../errors.ts";
import type { StorageClass } from "../types.ts";
import { invalidFor, required, validateImmutable, validateOneOf } from "./field-errors.ts";
import { dns1123Subdomain, qualifiedName, validateName } from "./names.ts";

export function validateStorageClass({ metadata, provisioner, parameters = {}, reclaimPolicy, volumeBindingMode }: StorageClass): FieldError[] {
  return [
    ...validateName(metadata.name, dns1123Subdomain),
    ...(provisioner ? invalidFor("provisioner", provisioner, qualifiedName(provisioner.toLowerCase())) : [required("provisioner")]),
    ...Object.keys(parameters).flatMap((key) => (key === "" ? [required("parameters", "key must be non-empty")] : [])),
    ...validateOneOf("reclaimPolicy", reclaimPolicy, ["Delete", "Retain"]),
    ...validateOneOf("volumeBindingMode", volumeBindingMode, ["Immediate", "WaitForFirstConsumer"]),
  ];
}

export function validateStorageClassUpdate(object: StorageClass, old: StorageClass): FieldError[] {
  return (["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] as const).flatMap((name) => validateImmutable(name, object[name], old[name]));
}

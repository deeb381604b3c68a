/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/storage/validation/validation.go */
import { isDeepStrictEqual } from "node:util";
import type { FieldError } from "../errors.ts";
import type { StorageClass } from "../types.ts";
import { duplicate, forbidden, invalidFor, notSupported, required, validateImmutable, validateOneOf } from "./field-errors.ts";
import { dns1123Subdomain, qualifiedName, validateName } from "./names.ts";
import { validateParameters, validateProvisioner } from "./storage-parameters-validation.ts";

type Term = NonNullable<StorageClass["allowedTopologies"]>[number];

const RECLAIM_POLICIES = ["Delete", "Retain"];
const BINDING_MODES = ["Immediate", "WaitForFirstConsumer"];

export function validateStorageClass({ metadata, provisioner, parameters = {}, reclaimPolicy, volumeBindingMode, allowedTopologies = [] }: StorageClass): FieldError[] {
  return [
    ...validateName(metadata.name, dns1123Subdomain),
    ...validateProvisioner(provisioner, "provisioner"),
    ...validateParameters(parameters, "parameters"),
    ...(reclaimPolicy ? validateOneOf("reclaimPolicy", reclaimPolicy, RECLAIM_POLICIES) : []),
    ...(volumeBindingMode === undefined ? [required("volumeBindingMode")] : BINDING_MODES.includes(volumeBindingMode) ? [] : [notSupported("volumeBindingMode", volumeBindingMode, BINDING_MODES)]),
    ...validateTopologies(allowedTopologies),
  ];
}

function validateTopologies(terms: Term[]): FieldError[] {
  const seen: Record<string, string[]>[] = [];
  return terms.flatMap((term, i) => {
    const field = `allowedTopologies[${i}]`;
    const values = Object.fromEntries((term.matchLabelExpressions ?? []).map(({ key, values: of }) => [key, [...new Set(of)].sort()]));
    const again = seen.some((other) => isDeepStrictEqual(other, values)) ? [duplicate(`${field}.matchLabelExpressions`, "")] : [];
    seen.push(values);
    return [...validateTerm(term, field), ...again];
  });
}

function validateTerm({ matchLabelExpressions = [] }: Term, field: string): FieldError[] {
  const keys = new Set<string>();
  return matchLabelExpressions.flatMap(({ key, values }, i) => {
    const path = `${field}.matchLabelExpressions[${i}]`;
    const errors = values.length === 0 ? [required(`${path}.values`)] : values.flatMap((value, v) => (values.indexOf(value) < v ? [duplicate(`${path}.values[${v}]`, value)] : []));
    errors.push(...invalidFor(`${path}.key`, key, qualifiedName(key)));
    if (keys.has(key)) errors.push(duplicate(`${path}.key`, key));
    keys.add(key);
    return errors;
  });
}

export function validateStorageClassUpdate(object: StorageClass, old: StorageClass): FieldError[] {
  const frozen = (["parameters", "provisioner", "reclaimPolicy"] as const).filter((name) => !isDeepStrictEqual(object[name], old[name]));
  return [...frozen.map((name) => forbidden(name, `updates to ${name} are forbidden.`)), ...validateImmutable("volumeBindingMode", object.volumeBindingMode, old.volumeBindingMode)];
}

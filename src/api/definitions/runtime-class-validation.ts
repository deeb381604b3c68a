/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/node/validation/validation.go */
import { isDeepStrictEqual } from "node:util";
import type { FieldError } from "../errors.ts";
import type { RuntimeClass } from "../types.ts";
import { duplicate, invalidFor, validateImmutable } from "./field-errors.ts";
import { dns1123Label, dns1123Subdomain, validateLabels, validateName } from "./names.ts";
import { validateResources } from "./resources-validation.ts";
import { validateTolerations } from "./scheduling-validation.ts";

export function validateRuntimeClass({ metadata, handler, overhead, scheduling }: RuntimeClass): FieldError[] {
  const tolerations = scheduling?.tolerations ?? [];
  return [
    ...validateName(metadata.name, dns1123Subdomain),
    ...invalidFor("handler", handler, dns1123Label(handler)),
    ...validateResources({ limits: overhead?.podFixed ?? {} }, "overhead.podFixed"),
    ...validateLabels(scheduling?.nodeSelector, "scheduling.nodeSelector"),
    ...validateTolerations(tolerations, "scheduling.tolerations"),
    ...tolerations.flatMap((toleration, i) => (tolerations.slice(0, i).some((other) => isDeepStrictEqual(other, toleration)) ? [duplicate(`scheduling.tolerations[${i}]`, toleration)] : [])),
  ];
}

export function validateRuntimeClassUpdate({ handler }: RuntimeClass, old: RuntimeClass): FieldError[] {
  return validateImmutable("handler", handler, old.handler);
}

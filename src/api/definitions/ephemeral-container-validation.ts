/**
 * Ephemeral containers: what `kubectl debug` adds to a pod that runs.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (validateEphemeralContainers)
 */
import { isDeepStrictEqual } from "node:util";
import type { FieldError } from "../errors.ts";
import type { Pod, PodSpec } from "../types.ts";
import { type PodContext, validateContainer, validateImageSpace } from "./container-validation.ts";
import { differences } from "./differences.ts";
import { duplicate, forbidden, notFound } from "./field-errors.ts";

/** Such a container is there to look at the pod, not to be part of what it does. */
const FORBIDDEN = ["ports", "resources", "resizePolicy", "restartPolicy", "restartPolicyRules", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"] as const;
const DETAIL = "cannot be set for an Ephemeral Container";

export function validateEphemeralContainers({ ephemeralContainers = [], containers, initContainers = [] }: PodSpec, context: PodContext, field: string): FieldError[] {
  const others = new Set([...containers, ...initContainers].map(({ name }) => name));
  const names = new Set(others);
  return ephemeralContainers.flatMap((container, i) => {
    const path = `${field}[${i}]`;
    const { name, targetContainerName, volumeMounts = [] } = container;
    const errors = [...validateContainer(container, context, path), ...validateImageSpace(container, path)];
    if (names.has(name)) errors.push(duplicate(`${path}.name`, name));
    names.add(name);
    if (targetContainerName && !others.has(targetContainerName)) errors.push(notFound(`${path}.targetContainerName`, targetContainerName));
    for (const forbiddenName of FORBIDDEN) if (isSet(container[forbiddenName])) errors.push(forbidden(`${path}.${forbiddenName}`, DETAIL));
    for (const [m, mount] of volumeMounts.entries()) {
      for (const mountField of ["subPath", "subPathExpr"] as const) if (mount[mountField]) errors.push(forbidden(`${path}.volumeMounts[${m}].${mountField}`, DETAIL));
    }
    return errors;
  });
}

/** Defaults set empty resources. */
function isSet(value: object | string | undefined): boolean {
  if (value === undefined) return false;
  return typeof value === "string" ? value !== "" : Object.keys(value).length > 0;
}

/** The pod with the ephemeral containers that are asked for, and nothing else. */
export function withEphemeralContainers(pod: Pod, asked: Pod): Pod {
  const { ephemeralContainers } = asked.spec;
  const { ephemeralContainers: _, ...spec } = pod.spec;
  return { ...pod, spec: ephemeralContainers ? { ...spec, ephemeralContainers } : spec };
}

/** Such containers can only be added. */
export function validateEphemeralContainersUpdate({ spec }: Pod, { spec: old }: Pod): FieldError[] {
  const field = "spec.ephemeralContainers";
  return (old.ephemeralContainers ?? []).flatMap((known) => {
    const container = spec.ephemeralContainers?.find(({ name }) => name === known.name);
    const quoted = JSON.stringify(known.name);
    if (!container) return [forbidden(field, `existing ephemeral containers ${quoted} may not be removed\n`)];
    return isDeepStrictEqual(container, known) ? [] : [forbidden(field, `existing ephemeral containers ${quoted} may not be changed\n${differences(known, container, field)}`)];
  });
}

/**
 * Resizing: other amounts of CPU and memory for containers that go on running.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidatePodResize)
 */
import { isDeepStrictEqual } from "node:util";
import type { FieldError } from "../errors.ts";
import type { Container, Pod } from "../types.ts";
import { forbidden, invalid } from "./field-errors.ts";
import { qosClassOf } from "./qos.ts";

const RESIZABLE = ["cpu", "memory"];

type Amounts = Record<string, string>;

/** The pod with the resources that are asked for its containers, by name, and nothing else. */
export function withResources(pod: Pod, asked: Pod): Pod {
  const resized = (list: "containers" | "initContainers"): Container[] | undefined =>
    pod.spec[list]?.map((container) => {
      const wanted = asked.spec[list]?.find(({ name }) => name === container.name);
      if (!wanted) return container;
      const { resources, resizePolicy } = wanted;
      return withoutUndefined({ ...container, resources, resizePolicy });
    });
  return { ...pod, spec: withoutUndefined({ ...pod.spec, containers: resized("containers")!, initContainers: resized("initContainers") }) as Pod["spec"] };
}

function withoutUndefined<T extends object>(object: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

export function validatePodResize(pod: Pod, old: Pod): FieldError[] {
  if ([pod, old].some(({ spec: { resources } }) => Object.keys({ ...resources?.requests, ...resources?.limits }).length > 0)) {
    return [forbidden("", "pods with pod-level resources cannot be resized")];
  }
  if (old.metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined) return [forbidden("", "static pods cannot be resized")];
  if (old.spec.os?.name === "windows") return [forbidden("", "windows pods cannot be resized")];
  const errors: FieldError[] = [];
  const qos = old.status?.qosClass ?? qosClassOf(old.spec);
  if (qosClassOf(pod.spec) !== qos) errors.push(invalid("spec", qos, "Pod QOS Class may not change as a result of resizing"));
  if (!isSupportedByNode(old)) errors.push(forbidden("spec", "Pod running on node without support for resize"));
  for (const [i, container] of (old.spec.initContainers ?? []).entries()) {
    const next = pod.spec.initContainers![i]!;
    if (container.restartPolicy === "Always") {
      errors.push(...validateRemoved(next, container, `spec.initContainers[${i}].resources`));
      errors.push(...validateOthers(next, container, "only cpu and memory resources for sidecar containers are mutable"));
    } else if (!isDeepStrictEqual(next, container)) errors.push(forbidden("spec", "resources for non-sidecar init containers are immutable"));
  }
  for (const [i, container] of old.spec.containers.entries()) {
    const next = pod.spec.containers[i]!;
    errors.push(...validateRemoved(next, container, `spec.containers[${i}].resources`), ...validateOthers(next, container, "only cpu and memory resources are mutable"));
  }
  return errors;
}

/** A node that can do it tells what its containers really have. */
function isSupportedByNode({ status }: Pod): boolean {
  const running = status?.containerStatuses?.find(({ state }) => state?.running);
  return !running || running.resources !== undefined;
}

function validateRemoved({ resources = {} }: Container, { resources: old = {} }: Container, field: string): FieldError[] {
  return (["requests", "limits"] as const).flatMap((name) => {
    const removed = Object.keys(old[name] ?? {}).some((resource) => resources[name]?.[resource] === undefined);
    return removed ? [forbidden(`${field}.${name}`, `resource ${name} cannot be removed`)] : [];
  });
}

function validateOthers(container: Container, old: Container, detail: string): FieldError[] {
  const others = ({ resources = {}, ...rest }: Container): object => ({ ...rest, requests: fixed(resources.requests), limits: fixed(resources.limits), claims: resources.claims });
  return isDeepStrictEqual(others(container), others(old)) ? [] : [forbidden("spec", detail)];
}

function fixed(amounts: Amounts = {}): Amounts {
  return Object.fromEntries(Object.entries(amounts).filter(([name]) => !RESIZABLE.includes(name)));
}

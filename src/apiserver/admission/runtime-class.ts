/**
 * Pods get the overhead, the node selector and the tolerations of their runtime class.
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/admission/runtimeclass/admission.go
 */
import { isDeepStrictEqual } from "node:util";
import { parseAmount } from "#lib/amount.ts";
import type { Pod, RuntimeClass, Toleration } from "#api/types.ts";
import { isAbout, refusal, type AdmissionPlugin, type Attributes } from "./admission.ts";

export function runtimeClassAdmission(findClass: (name: string) => RuntimeClass | undefined): AdmissionPlugin {
  function classOf(attributes: Attributes, { spec }: Pod): RuntimeClass | undefined {
    const name = spec.runtimeClassName;
    if (name === undefined) return undefined;
    const found = findClass(name);
    if (!found) throw refusal(attributes, `pod rejected: RuntimeClass "${name}" not found`);
    return found;
  }

  return {
    name: "RuntimeClass",
    admit(attributes) {
      if (attributes.operation !== "CREATE" || !isAbout(attributes, "", "pods")) return;
      const pod = attributes.object as Pod;
      const runtimeClass = classOf(attributes, pod);
      if (runtimeClass?.overhead) setOverhead(attributes, pod, runtimeClass.overhead.podFixed ?? {});
      if (runtimeClass?.scheduling) setScheduling(attributes, pod, runtimeClass.scheduling);
    },
    validate(attributes) {
      if (attributes.operation !== "CREATE" || !isAbout(attributes, "", "pods")) return;
      const pod = attributes.object as Pod;
      const overhead = classOf(attributes, pod)?.overhead;
      if (overhead) checkOverhead(attributes, pod, overhead.podFixed ?? {});
      else if (pod.spec.overhead) throw refusal(attributes, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
    },
  };
}

function setOverhead(attributes: Attributes, pod: Pod, overhead: Record<string, string>): void {
  if (pod.spec.overhead) checkOverhead(attributes, pod, overhead);
  pod.spec.overhead = { ...overhead };
}

function checkOverhead(attributes: Attributes, { spec }: Pod, overhead: Record<string, string>): void {
  const amounts = (list: Record<string, string> | undefined) => Object.fromEntries(Object.entries(list ?? {}).map(([name, quantity]) => [name, parseAmount(quantity).nanos]));
  if (!isDeepStrictEqual(amounts(spec.overhead), amounts(overhead))) throw refusal(attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
}

function setScheduling(attributes: Attributes, { spec }: Pod, { nodeSelector = {}, tolerations = [] }: NonNullable<RuntimeClass["scheduling"]>): void {
  for (const [key, value] of Object.entries(nodeSelector)) {
    const own = spec.nodeSelector?.[key];
    if (own !== undefined && own !== value) {
      throw refusal(attributes, `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`);
    }
  }
  if (Object.keys(nodeSelector).length > 0) spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector };
  const known: Toleration[] = spec.tolerations ?? [];
  const added = tolerations.filter((toleration) => !known.some((other) => isDeepStrictEqual(other, toleration)));
  if (added.length > 0) spec.tolerations = [...known, ...structuredClone(added)];
}

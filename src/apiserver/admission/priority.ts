/**
 * Pods get their priority from their class, or from the default one.
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/admission/priority/admission.go
 */
import type { Pod, PriorityClass } from "#api/types.ts";
import { isAbout, refusal, type AdmissionPlugin, type Attributes } from "./admission.ts";

const NO_CLASS = { name: "", value: 0, preemptionPolicy: "PreemptLowerPriority" };

export interface PriorityClassFinders {
  all: () => PriorityClass[];
  byName: (name: string) => PriorityClass | undefined;
}

export function priorityAdmission(classes: PriorityClassFinders): AdmissionPlugin {
  /** Of several defaults, the one with the least value. */
  const globalDefault = (): PriorityClass | undefined =>
    classes.all().filter((candidate) => candidate.globalDefault).sort((a, b) => a.value - b.value)[0];

  function setPriority(attributes: Attributes, { spec }: Pod): void {
    let { name, value, preemptionPolicy } = NO_CLASS;
    const found = spec.priorityClassName ? classes.byName(spec.priorityClassName) : globalDefault();
    if (found) {
      name = found.metadata.name!;
      value = found.value;
      preemptionPolicy = found.preemptionPolicy ?? NO_CLASS.preemptionPolicy;
    } else if (spec.priorityClassName) {
      throw refusal(attributes, `no PriorityClass with name ${spec.priorityClassName} was found`);
    }
    if (spec.priority !== undefined && spec.priority !== value) {
      throw refusal(attributes, `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`);
    }
    if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemptionPolicy) {
      throw refusal(attributes, `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${preemptionPolicy} from the given PriorityClass name`);
    }
    if (name) spec.priorityClassName = name;
    Object.assign(spec, { priority: value, preemptionPolicy });
  }

  return {
    name: "Priority",
    admit(attributes) {
      if (!isAbout(attributes, "", "pods")) return;
      const pod = attributes.object as Pod;
      if (attributes.operation === "CREATE") setPriority(attributes, pod);
      if (attributes.operation !== "UPDATE") return;
      // Whoever leaves out what was computed means to keep it.
      const { spec: old } = attributes.oldObject as Pod;
      if (old.priority !== undefined) pod.spec.priority ??= old.priority;
      if (old.preemptionPolicy !== undefined) pod.spec.preemptionPolicy ??= old.preemptionPolicy;
    },
    validate(attributes) {
      const { operation } = attributes;
      if ((operation !== "CREATE" && operation !== "UPDATE") || !isAbout(attributes, "scheduling.k8s.io", "priorityclasses")) return;
      const { globalDefault: wanted, metadata } = attributes.object as PriorityClass;
      const known = wanted ? globalDefault() : undefined;
      if (known && (operation === "CREATE" || known.metadata.name !== metadata.name)) {
        throw refusal(attributes, `PriorityClass ${known.metadata.name} is already marked as default. Only one default can exist`);
      }
    },
  };
}

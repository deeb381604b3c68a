/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/scheduling/priorityclass/strategy.go */
import { priorityClasses } from "../resources.ts";
import type { Column } from "../scheme.ts";
import type { PriorityClass } from "../types.ts";
import { ageColumn, column, countColumn, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { validatePriorityClass, validatePriorityClassUpdate } from "./priority-class-validation.ts";

export const priorityClass = define(priorityClasses, {
  model: "io.k8s.api.scheduling.v1.PriorityClass",
  shortNames: ["pc"],
  setDefaults(object) {
    object.preemptionPolicy ??= "PreemptLowerPriority";
    object.value ??= 0;
  },
  prepareForCreate({ metadata }) {
    // As upstream, it stays 1.
    metadata.generation = 1;
  },
  validate: validatePriorityClass,
  validateUpdate: validatePriorityClassUpdate,
  columns: [
    nameColumn(),
    countColumn("Value", "value represents the integer value of this priority class. This is the actual priority that pods receive when they have the name of this class in their pod spec.", ({ value }) => value),
    globalDefaultColumn(),
    ageColumn(),
    column("PreemptionPolicy", "preemptionPolicy is the Policy for preempting pods with lower priority. One of Never, PreemptLowerPriority. Defaults to PreemptLowerPriority if unset.", ({ preemptionPolicy }) => preemptionPolicy ?? ""),
  ],
});

function globalDefaultColumn(): Column<PriorityClass> {
  return {
    name: "Global-Default",
    type: "boolean",
    description: "globalDefault specifies whether this PriorityClass should be considered as the default priority for pods that do not have any priority class.",
    cell: ({ globalDefault }) => globalDefault ?? false,
  };
}

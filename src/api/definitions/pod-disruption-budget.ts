/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/policy/poddisruptionbudget/strategy.go */
import { podDisruptionBudgets } from "../resources.ts";
import { ageColumn, column, countColumn, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { validatePodDisruptionBudget, validatePodDisruptionBudgetStatus } from "./pod-disruption-budget-validation.ts";

const NOT_APPLICABLE = "N/A";

export const podDisruptionBudget = define(podDisruptionBudgets, {
  model: "io.k8s.api.policy.v1.PodDisruptionBudget",
  emptySpec: () => ({}),
  shortNames: ["pdb"],
  subresources: ["status"],
  generation: true,
  prepareForCreate(object) {
    object.status = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
  },
  validate: validatePodDisruptionBudget,
  validateStatusUpdate: validatePodDisruptionBudgetStatus,
  columns: [
    nameColumn(),
    column("Min Available", "The minimum number of pods that must be available.", ({ spec }) => String(spec.minAvailable ?? NOT_APPLICABLE)),
    column("Max Unavailable", "The maximum number of pods that may be unavailable.", ({ spec }) => String(spec.maxUnavailable ?? NOT_APPLICABLE)),
    countColumn("Allowed Disruptions", "Calculated number of pods that may be disrupted at this time.", ({ status }) => status?.disruptionsAllowed ?? 0),
    ageColumn(),
  ],
});

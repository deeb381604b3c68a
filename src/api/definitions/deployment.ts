/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/apps/deployment/strategy.go */
import { deployments } from "../resources.ts";
import type { Deployment } from "../types.ts";
import { ageColumn, column, countTextColumn, nameColumn, selectorText, templateColumns, wide } from "./columns.ts";
import { define } from "./define.ts";
import { validateDeployment, validateDeploymentStatus, validateDeploymentUpdate } from "./deployment-validation.ts";
import { setTemplateDefaults } from "./pod-defaults.ts";
import { templateWarnings } from "./pod-warnings.ts";

export const deployment = define(deployments, {
  model: "io.k8s.api.apps.v1.Deployment",
  emptySpec: () => ({}),
  shortNames: ["deploy"],
  categories: ["all"],
  subresources: ["status"],
  generation: true,
  scale: { specReplicas: ".spec.replicas", statusReplicas: ".status.replicas", selector: ".spec.selector" },
  setDefaults({ spec }) {
    spec.replicas ??= 1;
    spec.strategy ??= {};
    spec.strategy.type ||= "RollingUpdate";
    if (spec.strategy.type === "RollingUpdate") {
      spec.strategy.rollingUpdate ??= {};
      spec.strategy.rollingUpdate.maxUnavailable ??= "25%";
      spec.strategy.rollingUpdate.maxSurge ??= "25%";
    }
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
    setTemplateDefaults(spec);
  },
  prepareForCreate(object) {
    object.status = {};
  },
  validate: validateDeployment,
  validateUpdate: validateDeploymentUpdate,
  validateStatusUpdate: validateDeploymentStatus,
  warnings: ({ spec }) => templateWarnings(spec.template, "spec.template"),
  columns: [
    nameColumn(),
    column("Ready", "Number of the pod with ready state", ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas}`),
    countTextColumn("Up-to-date", "Total number of non-terminating pods targeted by this deployment that have the desired template spec.", ({ status }) => status?.updatedReplicas ?? 0),
    countTextColumn("Available", "Total number of available non-terminating pods (ready for at least minReadySeconds) targeted by this deployment.", ({ status }) => status?.availableReplicas ?? 0),
    ageColumn(),
    ...templateColumns<Deployment>(({ spec }) => spec.template.spec),
    wide(column("Selector", "Label selector for pods. Existing ReplicaSets whose pods are selected by this will be the ones affected by this deployment.", ({ spec }) => selectorText(spec.selector))),
  ],
});

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/replicationcontroller/strategy.go */
import { replicationControllers } from "../resources.ts";
import type { ReplicationController } from "../types.ts";
import { ageColumn, column, countColumn, labelsText, nameColumn, templateColumns, wide } from "./columns.ts";
import { define } from "./define.ts";
import { setTemplateDefaults } from "./pod-defaults.ts";
import { templateWarnings } from "./pod-warnings.ts";
import { validateReplicaSetStatus } from "./replica-set-validation.ts";
import { validateReplicationController } from "./replication-controller-validation.ts";

export const replicationController = define(replicationControllers, {
  model: "io.k8s.api.core.v1.ReplicationController",
  emptySpec: () => ({}),
  shortNames: ["rc"],
  categories: ["all"],
  subresources: ["status"],
  generation: true,
  scale: { specReplicas: ".spec.replicas", statusReplicas: ".status.replicas", selector: ".spec.selector", selectsByLabels: true },
  setDefaults(object) {
    const { spec, metadata } = object;
    const labels = spec.template?.metadata?.labels;
    if (labels && !hasEntries(spec.selector)) spec.selector = { ...labels };
    if (labels && !hasEntries(metadata.labels)) metadata.labels = { ...labels };
    spec.replicas ??= 1;
    if (spec.template) setTemplateDefaults({ template: spec.template });
  },
  prepareForCreate(object) {
    object.status = { replicas: 0 };
  },
  validate: validateReplicationController,
  validateStatusUpdate: validateReplicaSetStatus,
  warnings: ({ spec }) => templateWarnings(spec.template, "spec.template"),
  fields: ({ status }) => ({ "status.replicas": String(status?.replicas ?? 0) }),
  columns: [
    nameColumn(),
    countColumn("Desired", "Replicas is the number of desired replicas. This is a pointer to distinguish between explicit zero and unspecified. Defaults to 1.", ({ spec }) => spec.replicas!),
    countColumn("Current", "Replicas is the most recently observed number of replicas.", ({ status }) => status?.replicas ?? 0),
    countColumn("Ready", "The number of ready replicas for this replication controller.", ({ status }) => status?.readyReplicas ?? 0),
    ageColumn(),
    ...templateColumns<ReplicationController>(({ spec }) => spec.template?.spec),
    wide(column("Selector", "Selector is a label query over pods that should match the Replicas count. If Selector is empty, it is defaulted to the labels present on the Pod template.", ({ spec }) => labelsText(spec.selector))),
  ],
});

function hasEntries(map: Record<string, string> | undefined): boolean {
  return Object.keys(map ?? {}).length > 0;
}

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/apps/replicaset/strategy.go */
import { replicaSets } from "../resources.ts";
import type { ReplicaSet } from "../types.ts";
import { ageColumn, column, countColumn, nameColumn, selectorText, templateColumns, wide } from "./columns.ts";
import { define } from "./define.ts";
import { setTemplateDefaults } from "./pod-defaults.ts";
import { templateWarnings } from "./pod-warnings.ts";
import { validateReplicaSet, validateReplicaSetStatus, validateReplicaSetUpdate } from "./replica-set-validation.ts";

export const replicaSet = define(replicaSets, {
  model: "io.k8s.api.apps.v1.ReplicaSet",
  emptySpec: () => ({}),
  shortNames: ["rs"],
  categories: ["all"],
  subresources: ["status"],
  generation: true,
  scale: { specReplicas: ".spec.replicas", statusReplicas: ".status.replicas", selector: ".spec.selector" },
  setDefaults({ spec }) {
    spec.replicas ??= 1;
    setTemplateDefaults(spec);
  },
  prepareForCreate(object) {
    object.status = { replicas: 0 };
  },
  validate: validateReplicaSet,
  validateUpdate: validateReplicaSetUpdate,
  validateStatusUpdate: validateReplicaSetStatus,
  warnings: ({ spec }) => templateWarnings(spec.template, "spec.template"),
  fields: ({ status }) => ({ "status.replicas": String(status?.replicas ?? 0) }),
  columns: [
    nameColumn(),
    countColumn("Desired", "Replicas is the number of desired pods.", ({ spec }) => spec.replicas!),
    countColumn("Current", "Replicas is the most recently observed number of non-terminating pods.", ({ status }) => status?.replicas ?? 0),
    countColumn("Ready", "The number of non-terminating pods targeted by this ReplicaSet with a Ready Condition.", ({ status }) => status?.readyReplicas ?? 0),
    ageColumn(),
    ...templateColumns<ReplicaSet>(({ spec }) => spec.template?.spec),
    wide(column("Selector", "Selector is a label query over pods that should match the replica count. Label keys and values that must match in order to be controlled by this replica set.", ({ spec }) => selectorText(spec.selector))),
  ],
});

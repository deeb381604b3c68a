/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/apps/statefulset/strategy.go */
import { statefulSets } from "../resources.ts";
import type { StatefulSet } from "../types.ts";
import { ageColumn, column, nameColumn, templateColumns } from "./columns.ts";
import { define } from "./define.ts";
import { setClaimSpecDefaults } from "./persistent-volume-claim-defaults.ts";
import { setTemplateDefaults } from "./pod-defaults.ts";
import { templateWarnings } from "./pod-warnings.ts";
import { validateStatefulSet, validateStatefulSetStatus, validateStatefulSetUpdate } from "./stateful-set-validation.ts";

export const statefulSet = define(statefulSets, {
  model: "io.k8s.api.apps.v1.StatefulSet",
  emptySpec: () => ({}),
  shortNames: ["sts"],
  categories: ["all"],
  subresources: ["status"],
  generation: true,
  scale: { specReplicas: ".spec.replicas", statusReplicas: ".status.replicas", selector: ".spec.selector" },
  setDefaults: setStatefulSetDefaults,
  prepareForCreate(object) {
    object.status = { replicas: 0, availableReplicas: 0 };
  },
  validate: validateStatefulSet,
  validateUpdate: validateStatefulSetUpdate,
  validateStatusUpdate: validateStatefulSetStatus,
  warnings: ({ spec }) => templateWarnings(spec.template, "spec.template"),
  columns: [
    nameColumn(),
    column("Ready", "Number of the pod with ready state", ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas}`),
    ageColumn(),
    ...templateColumns<StatefulSet>(({ spec }) => spec.template.spec),
  ],
});

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/apps/v1/defaults.go (SetDefaults_StatefulSet) */
function setStatefulSetDefaults({ spec }: StatefulSet): void {
  spec.replicas ??= 1;
  spec.podManagementPolicy ||= "OrderedReady";
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ||= "RollingUpdate";
  if (spec.updateStrategy.type === "RollingUpdate") {
    spec.updateStrategy.rollingUpdate ??= {};
    spec.updateStrategy.rollingUpdate.partition ??= 0;
  }
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= "Retain";
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= "Retain";
  spec.revisionHistoryLimit ??= 10;
  setTemplateDefaults(spec);
  for (const template of spec.volumeClaimTemplates ?? []) {
    template.apiVersion = "v1";
    template.kind = "PersistentVolumeClaim";
    template.status ??= {};
    template.status.phase ||= "Pending";
    if (template.spec) setClaimSpecDefaults(template.spec);
  }
}

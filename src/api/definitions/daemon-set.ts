/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/apps/daemonset/strategy.go */
import { isDeepStrictEqual } from "node:util";
import { daemonSets } from "../resources.ts";
import type { DaemonSet } from "../types.ts";
import { ageColumn, column, countColumn, labelsText, nameColumn, selectorText, templateColumns, wide } from "./columns.ts";
import { validateDaemonSet, validateDaemonSetStatus, validateDaemonSetUpdate } from "./daemon-set-validation.ts";
import { define } from "./define.ts";
import { setTemplateDefaults } from "./pod-defaults.ts";
import { templateWarnings } from "./pod-warnings.ts";

/** Counts changes of the template: what is left of a field of the first versions. */
const TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";

export const daemonSet = define(daemonSets, {
  model: "io.k8s.api.apps.v1.DaemonSet",
  emptySpec: () => ({}),
  shortNames: ["ds"],
  categories: ["all"],
  subresources: ["status"],
  generation: true,
  setDefaults({ spec }) {
    spec.updateStrategy ??= {};
    spec.updateStrategy.type ||= "RollingUpdate";
    if (spec.updateStrategy.type === "RollingUpdate") {
      spec.updateStrategy.rollingUpdate ??= {};
      spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
      spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
    }
    spec.revisionHistoryLimit ??= 10;
    setTemplateDefaults(spec);
  },
  prepareForCreate(object) {
    object.status = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };
    setTemplateGeneration(object, Math.max(templateGeneration(object), 1));
  },
  prepareForUpdate(object, old) {
    const changed = !isDeepStrictEqual(object.spec.template, old.spec.template);
    setTemplateGeneration(object, templateGeneration(old) + (changed ? 1 : 0));
  },
  validate: validateDaemonSet,
  validateUpdate: validateDaemonSetUpdate,
  validateStatusUpdate: validateDaemonSetStatus,
  warnings: ({ spec }) => templateWarnings(spec.template, "spec.template"),
  columns: [
    nameColumn(),
    countColumn("Desired", "The total number of nodes that should be running the daemon pod (including nodes correctly running the daemon pod).", ({ status }) => status?.desiredNumberScheduled ?? 0),
    countColumn("Current", "The number of nodes that are running at least 1 daemon pod and are supposed to run the daemon pod.", ({ status }) => status?.currentNumberScheduled ?? 0),
    countColumn("Ready", "numberReady is the number of nodes that should be running the daemon pod and have one or more of the daemon pod running with a Ready Condition.", ({ status }) => status?.numberReady ?? 0),
    countColumn("Up-to-date", "The total number of nodes that are running updated daemon pod", ({ status }) => status?.updatedNumberScheduled ?? 0),
    countColumn("Available", "The number of nodes that should be running the daemon pod and have one or more of the daemon pod running and available (ready for at least spec.minReadySeconds)", ({ status }) => status?.numberAvailable ?? 0),
    column("Node Selector", "NodeSelector is a selector which must be true for the pod to fit on a node. Selector which must match a node's labels for the pod to be scheduled on that node.", ({ spec }) => labelsText(spec.template.spec?.nodeSelector)),
    ageColumn(),
    ...templateColumns<DaemonSet>(({ spec }) => spec.template.spec),
    wide(column("Selector", "A label query over pods that are managed by the daemon set. Must match in order to be controlled. It must match the pod template's labels.", ({ spec }) => selectorText(spec.selector))),
  ],
});

function templateGeneration({ metadata }: DaemonSet): number {
  return Number.parseInt(metadata.annotations?.[TEMPLATE_GENERATION] ?? "0", 10) || 0;
}

function setTemplateGeneration({ metadata }: DaemonSet, generation: number): void {
  metadata.annotations = { ...metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
}

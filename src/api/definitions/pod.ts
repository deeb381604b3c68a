/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/pod/strategy.go */
import { pods } from "../resources.ts";
import { define } from "./define.ts";
import { validateEphemeralContainersUpdate, withEphemeralContainers } from "./ephemeral-container-validation.ts";
import { podColumns } from "./pod-columns.ts";
import { setPodDefaults } from "./pod-defaults.ts";
import { validatePodResize, withResources } from "./pod-resize-validation.ts";
import { validatePodStatusUpdate } from "./pod-status-validation.ts";
import { validatePodUpdate } from "./pod-update-validation.ts";
import { validatePod } from "./pod-validation.ts";
import { podWarnings } from "./pod-warnings.ts";
import { qosClassOf } from "./qos.ts";

export const pod = define(pods, {
  model: "io.k8s.api.core.v1.Pod",
  emptySpec: () => ({ containers: [] }),
  shortNames: ["po"],
  categories: ["all"],
  subresources: ["status", "log", "exec", "attach", "portforward", "binding", "eviction", "ephemeralcontainers", "resize"],
  generation: true,
  setDefaults: setPodDefaults,
  prepareForCreate(object) {
    object.status = { phase: "Pending", qosClass: qosClassOf(object.spec) };
  },
  parts: {
    ephemeralcontainers: { change: withEphemeralContainers, validateUpdate: validateEphemeralContainersUpdate },
    resize: { change: withResources, validateUpdate: validatePodResize },
  },
  validate: validatePod,
  validateUpdate: validatePodUpdate,
  validateStatusUpdate: validatePodStatusUpdate,
  warnings: podWarnings,
  fields: ({ spec, status = {} }) => ({
    "spec.nodeName": spec.nodeName ?? "",
    "spec.restartPolicy": spec.restartPolicy ?? "",
    "spec.schedulerName": spec.schedulerName ?? "",
    "spec.serviceAccountName": spec.serviceAccountName ?? "",
    "spec.hostNetwork": String(spec.hostNetwork ?? false),
    "status.phase": status.phase ?? "",
    "status.podIP": status.podIPs?.[0]?.ip ?? status.podIP ?? "",
    "status.nominatedNodeName": status.nominatedNodeName ?? "",
  }),
  columns: podColumns,
});

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/podtemplate/strategy.go */
import { podTemplates } from "../resources.ts";
import { column, labelsText, nameColumn, templateColumns } from "./columns.ts";
import type { PodTemplate } from "../types.ts";
import { define } from "./define.ts";
import { dns1123Subdomain, validateName } from "./names.ts";
import { setTemplateDefaults } from "./pod-defaults.ts";
import { templateWarnings } from "./pod-warnings.ts";
import { validatePodTemplate } from "./workload-validation.ts";

export const podTemplate = define(podTemplates, {
  model: "io.k8s.api.core.v1.PodTemplate",
  generation: true,
  setDefaults: setTemplateDefaults,
  validate: ({ metadata, template = {} }) => [...validateName(metadata.name, dns1123Subdomain), ...validatePodTemplate(template, "template")],
  warnings: ({ template }) => templateWarnings(template, "template"),
  columns: [
    nameColumn(),
    ...templateColumns<PodTemplate>(({ template }) => template?.spec).map((shown) => ({ ...shown, priority: undefined })),
    column("Pod Labels", "The labels for the pod template.", ({ template }) => labelsText(template?.metadata?.labels)),
  ],
});

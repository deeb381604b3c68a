import { validatingWebhookConfigurations } from "../resources.ts";
import { ageColumn, countColumn, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { setWebhookDefaults, validateWebhookConfiguration } from "./webhook-configuration-validation.ts";

export const validatingWebhookConfiguration = define(validatingWebhookConfigurations, {
  model: "io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration",
  categories: ["api-extensions"],
  generation: true,
  setDefaults({ webhooks }) {
    webhooks?.forEach(setWebhookDefaults);
  },
  validate: validateWebhookConfiguration,
  columns: [nameColumn(), countColumn("Webhooks", "Webhooks indicates the number of webhooks registered in this configuration", ({ webhooks }) => webhooks?.length ?? 0), ageColumn()],
});

import { mutatingWebhookConfigurations } from "../resources.ts";
import { ageColumn, countColumn, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { setWebhookDefaults, validateWebhookConfiguration } from "./webhook-configuration-validation.ts";

export const mutatingWebhookConfiguration = define(mutatingWebhookConfigurations, {
  model: "io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration",
  categories: ["api-extensions"],
  generation: true,
  setDefaults({ webhooks }) {
    for (const webhook of webhooks ?? []) {
      setWebhookDefaults(webhook);
      webhook.reinvocationPolicy ??= "Never";
    }
  },
  validate: validateWebhookConfiguration,
  columns: [nameColumn(), countColumn("Webhooks", "Webhooks indicates the number of webhooks registered in this configuration", ({ webhooks }) => webhooks?.length ?? 0), ageColumn()],
});

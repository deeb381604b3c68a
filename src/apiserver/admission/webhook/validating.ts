/**
 * Webhooks that may refuse requests; they are asked all at once.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/webhook/validating/dispatcher.go
 */
import type { ValidatingWebhookConfiguration } from "#api/types.ts";
import type { AdmissionPlugin } from "../admission.ts";
import type { CelFinders } from "../cel/variables.ts";
import { isExempt, type MatchFinders } from "../matching.ts";
import { callWebhook, type WebhookContext } from "./call.ts";
import { invocationOf, webhooksOf } from "./webhooks.ts";

const FAILED_OPEN = "failed-open.validating.webhook.admission.k8s.io/";

export function validatingWebhooks(configurations: () => ValidatingWebhookConfiguration[], find: MatchFinders & CelFinders, context: WebhookContext): AdmissionPlugin {
  return {
    name: "ValidatingAdmissionWebhook",
    async validate(attributes) {
      if (isExempt(attributes)) return;
      const webhooks = webhooksOf(configurations());
      if (webhooks.length === 0) return;
      const invocations = webhooks.flatMap((webhook) => {
        const match = invocationOf(webhook, attributes, find);
        return match ? [{ webhook, match }] : [];
      });
      const calls = invocations.map(({ webhook, match }, i) => callWebhook(context, webhook, attributes, match, false, `${FAILED_OPEN}round_0_index_${i}`));
      for (const call of await Promise.allSettled(calls)) if (call.status === "rejected") throw call.reason;
    },
  };
}

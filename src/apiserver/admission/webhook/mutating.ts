/**
 * Webhooks that may change requests; they are asked one after the other, and some again when a later one
 * has changed the object.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/webhook/mutating/dispatcher.go
 */
import { isDeepStrictEqual } from "node:util";
import { internalError } from "#api/errors.ts";
import { schemaOf } from "#api/object-schema.ts";
import type { KubeObject, MutatingWebhookConfiguration } from "#api/types.ts";
import type { AdmissionPlugin, Attributes } from "../admission.ts";
import type { CelFinders } from "../cel/variables.ts";
import { convert, isExempt, type Match, type MatchFinders } from "../matching.ts";
import { applyJsonPatch } from "../../patch/json-patch.ts";
import { patchProblem } from "../patch-problem.ts";
import { reinvocationOf } from "../reinvocation.ts";
import { callWebhook, type WebhookContext } from "./call.ts";
import { invocationOf, webhooksOf } from "./webhooks.ts";

const NAME = "MutatingAdmissionWebhook";
const MUTATION = "mutation.webhook.admission.k8s.io/";
const PATCH = "patch.webhook.admission.k8s.io/";

export function mutatingWebhooks(configurations: () => MutatingWebhookConfiguration[], find: MatchFinders & CelFinders, context: WebhookContext): AdmissionPlugin {
  return {
    name: NAME,
    async admit(attributes) {
      if (isExempt(attributes)) return;
      const webhooks = webhooksOf(configurations());
      if (webhooks.length === 0) return;
      const memory = reinvocationOf(attributes, NAME);
      for (const [i, compiled] of webhooks.entries()) {
        const { id, webhook, configuration } = compiled;
        if (!memory.isDue(id)) continue;
        const match = invocationOf(compiled, attributes, find);
        if (!match) continue;
        const position = `round_${memory.round}_index_${i}`;
        const answer = await callWebhook(context, compiled, attributes, match, true, `failed-open.${MUTATION}${position}`);
        const mutated = answer?.patch !== undefined && applyAnswer(attributes, match, webhook.name, answer.patch);
        attributes.annotate?.(MUTATION + position, JSON.stringify({ configuration, webhook: webhook.name, mutated }));
        if (mutated) attributes.annotate?.(PATCH + position, JSON.stringify({ configuration, webhook: webhook.name, patch: answer.patch, patchType: "JSONPatch" }));
        memory.asked(id, webhook.reinvocationPolicy === "IfNeeded", mutated);
      }
      memory.done();
    },
  };
}

/** Whether the patch changed anything. */
function applyAnswer(attributes: Attributes, { definition: seenAs }: Match, name: string, patch: unknown): boolean {
  if (Array.isArray(patch) && patch.length === 0) return false;
  const { object, definition, kind } = attributes;
  if (!object) throw internalError(`admission webhook ${JSON.stringify(name)} attempted to modify the object, which is not supported for this operation`);
  const before = kind ? object : convert(object, definition, seenAs);
  let after: KubeObject;
  try {
    after = applyJsonPatch(before, patch) as KubeObject;
    if (!kind) schemaOf(seenAs).prune(after);
    else if (kind.model) schemaOf({ model: kind.model }).prune(after);
  } catch (error) {
    throw internalError(patchProblem(error));
  }
  const changed = !isDeepStrictEqual(before, after);
  if (!changed) return false;
  if (!kind) seenAs.setDefaults?.(after);
  attributes.object = kind ? after : convert(after, seenAs, definition);
  return true;
}

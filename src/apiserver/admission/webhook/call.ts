/** One call of one webhook: the question, the answer, and what becomes of a failure. */
import { errorMessage, type Logger } from "#lib/log.ts";
import { uuid, type Rng } from "#lib/random.ts";
import { badRequest, internalError, StatusError } from "#api/errors.ts";
import type { Status } from "#api/types.ts";
import type { Attributes } from "../admission.ts";
import { convert, type Match } from "../matching.ts";
import type { WebhookClient } from "./client.ts";
import { parseAnswer, REVIEW_VERSIONS, reviewText, type ReviewAnswer } from "./review.ts";
import type { CompiledWebhook } from "./webhooks.ts";

export interface WebhookContext {
  send: WebhookClient;
  rng: Rng;
  log: Logger;
}

/**
 * Resolves to the answer of a webhook that allows the request, or to undefined when it could not be asked
 * and failures are ignored. Rejects with the refusal.
 */
export async function callWebhook(context: WebhookContext, compiled: CompiledWebhook, attributes: Attributes, match: Match, mutating: boolean, failedOpenKey: string): Promise<ReviewAnswer | undefined> {
  const { webhook } = compiled;
  const { name, sideEffects, failurePolicy, timeoutSeconds = 10, admissionReviewVersions } = webhook;
  if (attributes.dryRun && sideEffects !== "None" && sideEffects !== "NoneOnDryRun") throw badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`);
  let answer: ReviewAnswer;
  try {
    const version = admissionReviewVersions.find((known) => REVIEW_VERSIONS.includes(known));
    if (!version) throw new Error("could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)");
    const uid = uuid(context.rng);
    const { object, oldObject, definition, kind } = attributes;
    const seen = (given: typeof object): typeof object => (given && !kind ? convert(given, definition, match.definition) : given);
    const question = reviewText(version, uid, attributes, match, seen(object), seen(oldObject));
    answer = parseAnswer(await reach(context, compiled, question, timeoutSeconds), version, uid, mutating);
  } catch (error) {
    const message = `failed calling webhook ${JSON.stringify(name)}: ${errorMessage(error)}`;
    if (failurePolicy !== "Ignore") throw internalError(message);
    context.log.warn(`${message}; ignored, as its failurePolicy says`);
    attributes.annotate?.(failedOpenKey, name);
    return undefined;
  }
  for (const [key, value] of Object.entries(answer.auditAnnotations ?? {})) attributes.annotate?.(`${name}/${key}`, value);
  answer.warnings?.forEach((warning) => attributes.warn(warning));
  if (!answer.allowed) throw denial(name, answer.status);
  return answer;
}

async function reach({ send }: WebhookContext, { webhook }: CompiledWebhook, question: string, timeoutSeconds: number): Promise<string> {
  try {
    return await send(webhook.clientConfig, question, timeoutSeconds);
  } catch (error) {
    throw new Error(`failed to call webhook: ${errorMessage(error)}`, { cause: error });
  }
}

/** @see https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/webhook/errors/statuserror.go */
function denial(name: string, status: Partial<Status> = {}): StatusError {
  const { code = 0, reason = "", message = "", details } = status;
  const denied = `admission webhook ${JSON.stringify(name)} denied the request`;
  const text = message || reason ? `${denied}: ${message || reason}` : `${denied} without explanation`;
  return new StatusError(code < 400 ? 400 : code, reason, text, details);
}

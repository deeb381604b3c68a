/**
 * Validating and mutating webhook configurations.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/admissionregistration/validation/validation.go
 */
import { isDeepStrictEqual } from "node:util";
import type { FieldError } from "../errors.ts";
import type { MutatingWebhook, MutatingWebhookConfiguration, ValidatingWebhook, ValidatingWebhookConfiguration } from "../types.ts";
import { FAILURE_POLICIES, MATCH_POLICIES, REINVOCATION_POLICIES, setRuleDefaults, validateMatchConditions, validateRule } from "./admission-rules-validation.ts";
import { duplicate, invalid, invalidFor, notSupported, required, validateOneOf } from "./field-errors.ts";
import { dns1035Label, dns1123Subdomain, validateFullyQualifiedName, validateName } from "./names.ts";
import { validateLabelSelector } from "./selector-validation.ts";
import { setWebhookClientDefaults, validateWebhookClient } from "./webhook-client-validation.ts";

type Webhook = ValidatingWebhook | MutatingWebhook;
type Configuration = ValidatingWebhookConfiguration | MutatingWebhookConfiguration;

const REVIEW_VERSIONS = ["v1", "v1beta1"];
const SIDE_EFFECTS = ["None", "NoneOnDryRun", "Some", "Unknown"];
const NO_SIDE_EFFECTS = ["None", "NoneOnDryRun"];

export function setWebhookDefaults(webhook: Webhook): void {
  webhook.failurePolicy ??= "Fail";
  webhook.matchPolicy ??= "Equivalent";
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= 10;
  setRuleDefaults(webhook.rules);
  setWebhookClientDefaults(webhook.clientConfig);
}

/** What an update is not asked for because the old object didn't have it either. */
interface Leniency {
  sideEffects: boolean;
  reviewVersions: boolean;
  uniqueNames: boolean;
  matchConditions: boolean;
}

const STRICT: Leniency = { sideEffects: false, reviewVersions: false, uniqueNames: false, matchConditions: false };

/** `old` is what an update replaces. */
export function validateWebhookConfiguration({ metadata, webhooks = [] }: Configuration, old?: Configuration): FieldError[] {
  const leniency = old ? leniencyAfter(webhooks, old.webhooks ?? []) : STRICT;
  const names = new Set<string>();
  const errors = validateName(metadata.name, dns1123Subdomain);
  for (const [i, webhook] of webhooks.entries()) {
    const field = `webhooks[${i}]`;
    errors.push(...validateWebhook(webhook, field, leniency), ...validateReviewVersions(webhook.admissionReviewVersions, `${field}.admissionReviewVersions`, leniency));
    if (!leniency.uniqueNames && webhook.name !== "" && names.has(webhook.name)) errors.push(duplicate(`${field}.name`, webhook.name));
    names.add(webhook.name);
  }
  return errors;
}

function leniencyAfter(webhooks: Webhook[], old: Webhook[]): Leniency {
  return {
    sideEffects: !old.every(({ sideEffects }) => NO_SIDE_EFFECTS.includes(sideEffects)),
    reviewVersions: old.some(({ admissionReviewVersions: versions }) => versions.length > 0 && !versions.some(isReviewVersion)),
    uniqueNames: new Set(old.map(({ name }) => name)).size < old.length,
    matchConditions: webhooks.length === old.length && old.every((before, i) => isDeepStrictEqual(before.matchConditions, webhooks[i]!.matchConditions)),
  };
}

const isReviewVersion = (version: string): boolean => REVIEW_VERSIONS.includes(version);

function validateWebhook(webhook: Webhook, field: string, leniency: Leniency): FieldError[] {
  const { name, rules = [], failurePolicy, matchPolicy, sideEffects, timeoutSeconds: seconds, namespaceSelector, objectSelector } = webhook;
  const allowed = leniency.sideEffects ? SIDE_EFFECTS : NO_SIDE_EFFECTS;
  const reinvocation = "reinvocationPolicy" in webhook ? webhook.reinvocationPolicy : undefined;
  return [
    ...validateFullyQualifiedName(name, `${field}.name`),
    ...rules.flatMap((rule, i) => validateRule(rule, `${field}.rules[${i}]`)),
    ...validateOneOf(`${field}.failurePolicy`, failurePolicy, FAILURE_POLICIES),
    ...validateOneOf(`${field}.matchPolicy`, matchPolicy, MATCH_POLICIES),
    ...(sideEffects === undefined ? [required(`${field}.sideEffects`, `must specify one of ${allowed.join(", ")}`)] : []),
    ...(sideEffects !== undefined && !allowed.includes(sideEffects) ? [notSupported(`${field}.sideEffects`, sideEffects, allowed)] : []),
    ...(seconds !== undefined && (seconds > 30 || seconds < 1) ? [invalid(`${field}.timeoutSeconds`, seconds, "the timeout value must be between 1 and 30 seconds")] : []),
    ...validateLabelSelector(namespaceSelector, `${field}.namespaceSelector`),
    ...validateLabelSelector(objectSelector, `${field}.objectSelector`),
    ...validateOneOf(`${field}.reinvocationPolicy`, reinvocation, REINVOCATION_POLICIES),
    ...validateWebhookClient(webhook.clientConfig, `${field}.clientConfig`),
    ...(leniency.matchConditions ? [] : validateMatchConditions(webhook.matchConditions, `${field}.matchConditions`, { authorizer: true })),
  ];
}

function validateReviewVersions(versions: string[], field: string, leniency: Leniency): FieldError[] {
  if (versions.length === 0) return [required(field, `must specify one of ${REVIEW_VERSIONS.join(", ")}`)];
  const seen = new Set<string>();
  const errors = versions.flatMap((version, i) => {
    const path = `${field}[${i}]`;
    if (seen.has(version)) return [invalid(path, version, "duplicate version")];
    seen.add(version);
    return invalidFor(path, version, dns1035Label(version));
  });
  if (leniency.reviewVersions || versions.some(isReviewVersion)) return errors;
  return [...errors, invalid(field, versions, `must include at least one of ${REVIEW_VERSIONS.join(", ")}`)];
}

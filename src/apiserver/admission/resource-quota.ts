/**
 * Nothing is stored that exceeds a ResourceQuota of its namespace. The quota's `status.used` is raised in
 * the very commit that stores the object, so that no number of concurrent writers overshoots.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/resourcequota/admission.go
 */
import type { Clock } from "#lib/clock.ts";
import { evaluatorFor } from "#api/quota/evaluators.ts";
import { chargeQuotas, QuotaError } from "#api/quota/usage.ts";
import type { ResourceQuota } from "#api/types.ts";
import { refusal, type AdmissionPlugin } from "./admission.ts";

/** Kinds that are born and die in masses, or aren't stored at all. */
const IGNORED = new Set(["events", "bindings", "localsubjectaccessreviews"]);

export interface QuotaFinders {
  /** The store's keys of a namespace's quotas. */
  keys: (namespace: string) => string[];
  clock: Pick<Clock, "now">;
}

export function resourceQuotaAdmission({ keys, clock }: QuotaFinders): AdmissionPlugin {
  return {
    name: "ResourceQuota",
    validate(attributes) {
      const { operation, definition, subresource, namespace, object, oldObject } = attributes;
      if (namespace === "" || (operation !== "CREATE" && operation !== "UPDATE") || IGNORED.has(definition.plural)) return;
      const evaluator = evaluatorFor(definition.group, definition.plural);
      if (!evaluator.handles(attributes)) return;
      const quotas = keys(namespace);
      if (quotas.length === 0) return;
      const charge = { object: object!, oldObject, nowMs: clock.now(), factual: subresource === "status" };
      attributes.alongside.push((get) => {
        const current = quotas.flatMap((key) => {
          const entry = get(key);
          return entry ? [{ key, quota: entry.object as unknown as ResourceQuota }] : [];
        });
        try {
          return chargeQuotas(current.map(({ quota }) => quota), evaluator, charge).map(({ quota, used }) => ({
            key: current.find((entry) => entry.quota === quota)!.key,
            object: { ...quota, metadata: { ...quota.metadata }, status: { ...quota.status, used } },
          }));
        } catch (error) {
          throw error instanceof QuotaError ? refusal(attributes, error.message) : error;
        }
      });
    },
  };
}

/**
 * Charging a quota for one more object, and counting anew what all objects use. Pure: admission and the
 * quota controller act on it.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/resourcequota/controller.go
 */
import { addAmounts, formatAmount, NOTHING, parseAmount, subtractAmounts, type Amount } from "#lib/amount.ts";
import { add, amountsOf, type Amounts } from "../pod-resources.ts";
import type { KubeObject, ResourceQuota } from "../types.ts";
import type { QuotaEvaluator } from "./evaluators.ts";
import { scopesOf } from "./scopes.ts";

/** An object that is about to be stored in place of another one, or of none. */
export interface Charge {
  object: KubeObject;
  /** Undefined for creates. */
  oldObject: KubeObject | undefined;
  nowMs: number;
  /** A status says what is so already: it is counted, not refused. */
  factual: boolean;
}

/** The request may not be charged; the message says why, in upstream's words. */
export class QuotaError extends Error {}

/** The quotas' new `status.used`, for those that change. Throws a QuotaError. */
export function chargeQuotas(quotas: readonly ResourceQuota[], evaluator: QuotaEvaluator, charge: Charge): { quota: ResourceQuota; used: Record<string, string> }[] {
  const { object, oldObject, nowMs, factual } = charge;
  const concerned = quotas.filter((quota) => isAbout(quota, evaluator, object));
  for (const quota of concerned) checkConstraints(quota, evaluator, object);
  if (concerned.length === 0) return [];
  const usage = evaluator.usage(object, nowMs);
  const negative = Object.keys(usage).filter((name) => usage[name]!.nanos < 0n);
  if (negative.length > 0) throw new QuotaError(`quota usage is negative for resource(s): ${negative.sort().join(",")}`);
  return concerned.flatMap((quota) => {
    const before = oldObject && isAbout(quota, evaluator, oldObject) ? evaluator.usage(oldObject, nowMs) : {};
    const hard = quota.status?.hard ?? {};
    const delta: [string, Amount][] = Object.entries(usage).flatMap(([name, amount]) => {
      const more = subtractAmounts(amount, before[name] ?? NOTHING);
      return name in hard && more.nanos > 0n ? [[name, more]] : [];
    });
    if (delta.length === 0) return [];
    const used = amountsOf(quota.status?.used);
    const next = Object.fromEntries(delta.map(([name, more]) => [name, addAmounts(used[name] ?? NOTHING, more)]));
    const exceeded = delta.map(([name]) => name).filter((name) => next[name]!.nanos > parseAmount(hard[name]!).nanos);
    if (exceeded.length > 0 && !factual) {
      const list = (amounts: Amounts): string => exceeded.sort().map((name) => `${name}=${formatAmount(amounts[name] ?? NOTHING)}`).join(",");
      throw new QuotaError(
        `exceeded quota: ${quota.metadata.name}, requested: ${list(Object.fromEntries(delta))}, used: ${list(used)}, limited: ${list(amountsOf(hard))}`,
      );
    }
    return [{ quota, used: { ...quota.status?.used, ...formatted(next) } }];
  });
}

/** A quota is about an object when it limits something that such objects use, and the object is in its scopes. */
function isAbout(quota: ResourceQuota, evaluator: QuotaEvaluator, object: KubeObject): boolean {
  return Object.keys(quota.status?.hard ?? {}).some((name) => evaluator.tracks(name)) && scopesOf(quota).every((scope) => evaluator.matchesScope(scope, object));
}

function checkConstraints(quota: ResourceQuota, evaluator: QuotaEvaluator, object: KubeObject): void {
  const names = Object.keys(quota.status?.hard ?? {}).filter((name) => evaluator.tracks(name));
  const unspecified = evaluator.unspecified?.(object, names);
  if (unspecified) throw new QuotaError(`failed quota: ${quota.metadata.name}: ${unspecified}`);
  if (names.some((name) => quota.status?.used?.[name] === undefined)) {
    throw new QuotaError(`status unknown for quota: ${quota.metadata.name}, resources: ${names.sort().join(",")}`);
  }
}

/** What all objects of a kind use of a quota; zero for names that nothing uses. */
export function countUsage(quota: ResourceQuota, names: readonly string[], evaluator: QuotaEvaluator, objects: readonly KubeObject[], nowMs: number): Record<string, string> {
  const scopes = scopesOf(quota);
  const counted = objects.filter((object) => scopes.every((scope) => evaluator.matchesScope(scope, object)));
  const total = counted.map((object) => evaluator.usage(object, nowMs)).reduce(add, {});
  return formatted(Object.fromEntries(names.map((name) => [name, total[name] ?? NOTHING])));
}

function formatted(amounts: Amounts): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, formatAmount(amount)]));
}

/**
 * What a pod as a whole requests and is limited to: its containers together, or the largest moment of its
 * start where that is more; what is set on the pod itself counts before its containers.
 * @see https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/component-helpers/resource/helpers.go
 */
import { addAmounts, maxAmount, parseAmount, type Amount } from "#lib/amount.ts";
import type { Container, PodSpec } from "./types.ts";

/** By the resource's name. */
export type Amounts = Record<string, Amount>;

/** The resources that may be set on the pod itself. */
const POD_LEVEL = /^(cpu|memory|hugepages-.*)$/;

export function amountsOf(list: Record<string, string> | undefined): Amounts {
  return Object.fromEntries(Object.entries(list ?? {}).map(([name, quantity]) => [name, parseAmount(quantity)]));
}

export function podRequests(spec: PodSpec): Amounts {
  return withOverhead(podTotal(spec, "requests"), spec, () => true);
}

/** Overhead adds to limits that are there; a pod without a limit still has none. */
export function podLimits(spec: PodSpec): Amounts {
  const limits = podTotal(spec, "limits");
  return withOverhead(limits, spec, (name) => name in limits);
}

/** Of the containers and the pod itself, without overhead. */
export function podTotal(spec: PodSpec, field: "requests" | "limits"): Amounts {
  const of = ({ resources }: Container): Amounts => amountsOf(resources?.[field]);
  let sum = (spec.containers ?? []).map(of).reduce(add, {});
  let sidecars: Amounts = {};
  let largestStart: Amounts = {};
  for (const container of spec.initContainers ?? []) {
    const own = of(container);
    if (container.restartPolicy === "Always") {
      sum = add(sum, own);
      sidecars = add(sidecars, own);
      largestStart = merge(largestStart, sidecars, maxAmount);
    } else {
      largestStart = merge(largestStart, add(own, sidecars), maxAmount);
    }
  }
  const ofContainers = merge(sum, largestStart, maxAmount);
  const ofPod = Object.entries(amountsOf(spec.resources?.[field])).filter(([name]) => POD_LEVEL.test(name));
  return { ...ofContainers, ...Object.fromEntries(ofPod) };
}

function withOverhead(amounts: Amounts, { overhead }: PodSpec, counts: (name: string) => boolean): Amounts {
  return add(amounts, Object.fromEntries(Object.entries(amountsOf(overhead)).filter(([name]) => counts(name))));
}

export function add(a: Amounts, b: Amounts): Amounts {
  return merge(a, b, addAmounts);
}

function merge(a: Amounts, b: Amounts, both: (a: Amount, b: Amount) => Amount): Amounts {
  const result = { ...a };
  for (const [name, amount] of Object.entries(b)) result[name] = result[name] ? both(result[name], amount) : amount;
  return result;
}

/** The selectors by which a pod's constraints pick other pods. */
import { fromLabelSelector, matches, type Requirement } from "#lib/selectors.ts";
import type { LabelSelector, Pod } from "#api/types.ts";

export interface SelectorSource {
  labelSelector?: LabelSelector | undefined;
  matchLabelKeys?: string[] | undefined;
  mismatchLabelKeys?: string[] | undefined;
}

/** The selector together with the pod's own values of matchLabelKeys and mismatchLabelKeys; undefined selects nothing. */
export function selectorOf(source: SelectorSource, pod: Pod): Requirement[] | undefined {
  const requirements = fromLabelSelector(source.labelSelector);
  if (!requirements) return undefined;
  const own = (keys: string[] | undefined, operator: "In" | "NotIn"): Requirement[] =>
    (keys ?? []).flatMap((key) => {
      const value = pod.metadata.labels?.[key];
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  return [...requirements, ...own(source.matchLabelKeys, "In"), ...own(source.mismatchLabelKeys, "NotIn")];
}

/** Whether the constraint of `pod` selects `other`, by labels alone. */
export function selects(source: SelectorSource, pod: Pod, other: Pod): boolean {
  return matches(selectorOf(source, pod), other.metadata.labels);
}

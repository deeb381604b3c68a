/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/limitrange/strategy.go */
import { limitRanges } from "../resources.ts";
import type { LimitRangeItem } from "../types.ts";
import { define } from "./define.ts";
import { validateLimitRange } from "./limit-range-validation.ts";

export const limitRange = define(limitRanges, {
  model: "io.k8s.api.core.v1.LimitRange",
  emptySpec: () => ({ limits: [] }),
  shortNames: ["limits"],
  setDefaults({ spec }) {
    for (const limit of spec.limits) if (limit.type === "Container") setContainerDefaults(limit);
  },
  validate: validateLimitRange,
});

/** A limit is the maximum where none is said, a request the limit, and else the minimum. */
function setContainerDefaults(limit: LimitRangeItem): void {
  const limits = { ...limit.max, ...limit.default };
  const requests = { ...limit.min, ...limits, ...limit.defaultRequest };
  if (Object.keys(limits).length > 0) limit.default = limits;
  if (Object.keys(requests).length > 0) limit.defaultRequest = requests;
}

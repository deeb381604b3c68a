/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/resourcequota/strategy.go */
import { resourceQuotas } from "../resources.ts";
import type { ResourceQuota } from "../types.ts";
import { ageColumn, column, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { validateResourceQuota, validateResourceQuotaStatus, validateResourceQuotaUpdate } from "./resource-quota-validation.ts";

export const resourceQuota = define(resourceQuotas, {
  model: "io.k8s.api.core.v1.ResourceQuota",
  emptySpec: () => ({}),
  shortNames: ["quota"],
  subresources: ["status"],
  setDefaults(object) {
    object.status ??= {};
  },
  prepareForCreate(object) {
    object.status = {};
  },
  validate: validateResourceQuota,
  validateUpdate: validateResourceQuotaUpdate,
  validateStatusUpdate: validateResourceQuotaStatus,
  columns: [
    nameColumn(),
    column("Request", "Request represents a minimum amount of cpu/memory that a container may consume.", (object) => usage(object, false)),
    column("Limit", "Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.", (object) => usage(object, true)),
    ageColumn(),
  ],
});

/** `pods: 3/10, ...`: what is used of what may be, of limits or of everything else. */
function usage({ status }: ResourceQuota, ofLimits: boolean): string {
  const names = Object.keys(status?.hard ?? {}).filter((name) => name.startsWith("limits.") === ofLimits);
  return names.sort().map((name) => `${name}: ${status?.used?.[name] ?? "0"}/${status!.hard![name]}`).join(", ");
}

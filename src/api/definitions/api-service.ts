/** @see https://github.com/kubernetes/kube-aggregator/blob/master/pkg/registry/apiservice/strategy.go */
import { apiServices } from "../resources.ts";
import type { APIService } from "../types.ts";
import { validateAPIService, validateAPIServiceStatus } from "./api-service-validation.ts";
import { ageColumn, column, nameColumn } from "./columns.ts";
import { define } from "./define.ts";

export const apiService = define(apiServices, {
  model: "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService",
  emptySpec: () => ({ groupPriorityMinimum: 0, versionPriority: 0 }),
  categories: ["api-extensions"],
  subresources: ["status"],
  setDefaults(object) {
    if (object.spec.service) object.spec.service.port ??= 443;
    object.status ??= {};
  },
  prepareForCreate(object) {
    object.status = {};
    // What this server serves itself is there at once.
    if (!object.spec.service) object.status.conditions = [localCondition(object.metadata.creationTimestamp)];
  },
  validate: validateAPIService,
  validateStatusUpdate: validateAPIServiceStatus,
  columns: [
    nameColumn(),
    column("Service", "The reference to the service that hosts this API endpoint.", ({ spec: { service } }) => (service ? `${service.namespace}/${service.name}` : "Local")),
    column("Available", "Whether this service is available.", available),
    ageColumn(),
  ],
});

type Condition = NonNullable<NonNullable<APIService["status"]>["conditions"]>[number];

function localCondition(time: string | undefined): Condition {
  return { type: "Available", status: "True", ...(time ? { lastTransitionTime: time } : {}), reason: "Local", message: "Local APIServices are always available" };
}

function available({ status }: APIService): string {
  const condition = status?.conditions?.find(({ type }) => type === "Available");
  if (!condition) return "Unknown";
  return condition.status !== "True" && condition.reason ? `${condition.status} (${condition.reason})` : condition.status;
}

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/flowcontrol/flowschema/strategy.go */
import { flowSchemas } from "../resources.ts";
import { NONE, ageColumn, column, countTextColumn, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { validateFlowConditions, validateFlowSchema } from "./flow-control-validation.ts";
import { storedOnly } from "./unsupported.ts";

const DEFAULT_PRECEDENCE = 1000;

export const flowSchema = define(flowSchemas, {
  model: "io.k8s.api.flowcontrol.v1.FlowSchema",
  emptySpec: () => ({ priorityLevelConfiguration: { name: "" } }),
  subresources: ["status"],
  generation: true,
  setDefaults(object) {
    object.spec.matchingPrecedence ||= DEFAULT_PRECEDENCE;
    object.status ??= {};
  },
  prepareForCreate(object) {
    object.status = {};
  },
  validate: validateFlowSchema,
  validateStatusUpdate: ({ status }) => validateFlowConditions(status?.conditions),
  warnings: () => storedOnly("FlowSchema"),
  columns: [
    nameColumn(),
    column("PriorityLevel", "`name` is the name of the priority level configuration being referenced Required.", ({ spec }) => spec.priorityLevelConfiguration.name),
    countTextColumn("MatchingPrecedence", "`matchingPrecedence` is used to choose among the FlowSchemas that match a given request. The chosen FlowSchema is among those with the numerically lowest (which we take to be logically highest) MatchingPrecedence.  Each MatchingPrecedence value must be ranged in [1,10000]. Note that if the precedence is not specified, it will be set to 1000 as default.", ({ spec }) => spec.matchingPrecedence ?? 0),
    column("DistinguisherMethod", "`distinguisherMethod` defines how to compute the flow distinguisher for requests that match this schema. `nil` specifies that the distinguisher is disabled and thus will always be the empty string.", ({ spec }) => spec.distinguisherMethod?.type ?? NONE),
    ageColumn(),
    column("MissingPL", "references a broken or non-existent PriorityLevelConfiguration", ({ status }) => status?.conditions?.find(({ type }) => type === "Dangling")?.status ?? "?"),
  ],
});

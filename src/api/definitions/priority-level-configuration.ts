/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/flowcontrol/prioritylevelconfiguration/strategy.go */
import type { Column } from "../scheme.ts";
import { priorityLevelConfigurations } from "../resources.ts";
import type { PriorityLevelConfiguration } from "../types.ts";
import { NONE, ageColumn, column, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { validateFlowConditions, validatePriorityLevel } from "./flow-control-validation.ts";
import { storedOnly } from "./unsupported.ts";

type Limited = NonNullable<PriorityLevelConfiguration["spec"]["limited"]>;

export const priorityLevelConfiguration = define(priorityLevelConfigurations, {
  model: "io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration",
  emptySpec: () => ({ type: "" }),
  subresources: ["status"],
  generation: true,
  setDefaults(object) {
    const { spec } = object;
    if (spec.type === "Exempt") spec.exempt ??= {};
    if (spec.exempt) spec.exempt.nominalConcurrencyShares ??= 0;
    if (spec.exempt) spec.exempt.lendablePercent ??= 0;
    if (spec.limited) setLimitedDefaults(spec.limited);
    object.status ??= {};
  },
  prepareForCreate(object) {
    object.status = {};
  },
  validate: validatePriorityLevel,
  validateStatusUpdate: ({ status }) => validateFlowConditions(status?.conditions),
  warnings: () => storedOnly("PriorityLevelConfiguration"),
  columns: [
    nameColumn(),
    column("Type", "`type` indicates whether this priority level is subject to limitation on request execution.", ({ spec }) => spec.type),
    number("NominalConcurrencyShares", "`nominalConcurrencyShares` (NCS) contributes to the computation of the NominalConcurrencyLimit (NominalCL) of this level.", ({ spec }) => spec.limited?.nominalConcurrencyShares),
    number("Queues", "`queues` is the number of queues for this priority level.", ({ spec }) => spec.limited?.limitResponse?.queuing?.queues),
    number("HandSize", "`handSize` is a small positive number that configures the shuffle sharding of requests into queues.", ({ spec }) => spec.limited?.limitResponse?.queuing?.handSize),
    number("QueueLengthLimit", "`queueLengthLimit` is the maximum number of requests allowed to be waiting in a given queue of this priority level at a time; excess requests are rejected.", ({ spec }) => spec.limited?.limitResponse?.queuing?.queueLengthLimit),
    ageColumn(),
  ],
});

function setLimitedDefaults(limited: Limited): void {
  limited.nominalConcurrencyShares ??= 30;
  limited.lendablePercent ??= 0;
  const queuing = limited.limitResponse?.queuing;
  if (!queuing) return;
  queuing.handSize ||= 8;
  queuing.queues ||= 64;
  queuing.queueLengthLimit ||= 50;
}

/** A number, or `<none>` where the level has none; upstream says of the column that it is text. */
function number(name: string, description: string, value: (object: PriorityLevelConfiguration) => number | undefined): Column<PriorityLevelConfiguration> {
  return { name, type: "string", description, cell: (object) => value(object) ?? NONE };
}

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/autoscaling/horizontalpodautoscaler/strategy.go */
import { horizontalPodAutoscalers } from "../resources.ts";
import type { Column } from "../scheme.ts";
import type { HorizontalPodAutoscaler } from "../types.ts";
import { NONE, UNKNOWN, UNSET, ageColumn, column, countColumn, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { dropRoundTripAnnotations } from "./horizontal-pod-autoscaler-v1-conversion.ts";
import { validateHorizontalPodAutoscaler, validateHorizontalPodAutoscalerStatus } from "./horizontal-pod-autoscaler-validation.ts";
import { storedOnly } from "./unsupported.ts";

type Spec = HorizontalPodAutoscaler["spec"];
type Metric = NonNullable<Spec["metrics"]>[number];
type MetricStatus = NonNullable<NonNullable<HorizontalPodAutoscaler["status"]>["currentMetrics"]>[number];
type ScalingRules = NonNullable<NonNullable<Spec["behavior"]>["scaleUp"]>;

const DEFAULT_CPU_UTILIZATION = 80;

/** What the versions of the kind have in common. */
export const HPA_COLUMNS: Column<HorizontalPodAutoscaler>[] = [
  nameColumn(),
  column("Reference", "scaleTargetRef points to the target resource to scale, and is used to the pods for which metrics should be collected, as well as to actually change the replica count.", ({ spec: { scaleTargetRef: target } }) => `${target?.kind ?? ""}/${target?.name ?? ""}`),
  column("Targets", "metrics contains the specifications for which to use to calculate the desired replica count (the maximum replica count across all metrics will be used).", targetsText),
  column("MinPods", "minReplicas is the lower limit for the number of replicas to which the autoscaler can scale down. It defaults to 1 pod.", ({ spec }) => String(spec.minReplicas ?? UNSET)),
  countColumn("MaxPods", "maxReplicas is the upper limit for the number of replicas to which the autoscaler can scale up. It cannot be less that minReplicas.", ({ spec }) => spec.maxReplicas),
  countColumn("Replicas", "currentReplicas is current number of replicas of pods managed by this autoscaler, as last seen by the autoscaler.", ({ status }) => status?.currentReplicas ?? 0),
  ageColumn(),
];

export const horizontalPodAutoscaler = define(horizontalPodAutoscalers, {
  model: "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
  emptySpec: () => ({ maxReplicas: 0 }),
  shortNames: ["hpa"],
  categories: ["all"],
  subresources: ["status"],
  setDefaults(object) {
    dropRoundTripAnnotations(object.metadata);
    setHpaDefaults(object);
  },
  prepareForCreate(object) {
    object.status = { desiredReplicas: 0, currentMetrics: null as unknown as MetricStatus[] };
  },
  validate: validateHorizontalPodAutoscaler,
  validateStatusUpdate: validateHorizontalPodAutoscalerStatus,
  warnings: () => storedOnly("HorizontalPodAutoscaler"),
  columns: HPA_COLUMNS,
});

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/autoscaling/v2/defaults.go */
export function setHpaDefaults({ spec }: HorizontalPodAutoscaler): void {
  spec.minReplicas ??= 1;
  spec.maxReplicas ??= 0;
  if (!spec.metrics?.length) spec.metrics = [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: DEFAULT_CPU_UTILIZATION } } }];
  if (!spec.behavior) return;
  const { scaleUp, scaleDown } = spec.behavior;
  const doubled = { type: "Percent", value: 100, periodSeconds: 15 };
  spec.behavior.scaleUp = withDefaults(scaleUp, { stabilizationWindowSeconds: 0, selectPolicy: "Max", policies: [{ type: "Pods", value: 4, periodSeconds: 15 }, doubled] });
  spec.behavior.scaleDown = withDefaults(scaleDown, { selectPolicy: "Max", policies: [doubled] });
}

function withDefaults(rules: ScalingRules = {}, defaults: ScalingRules): ScalingRules {
  return { ...defaults, ...rules };
}

function targetsText({ spec: { metrics = [] }, status }: HorizontalPodAutoscaler): string {
  if (metrics.length === 0) return NONE;
  const texts = metrics.map((metric, i) => targetText(metric, status?.currentMetrics?.[i]));
  return texts.length > 2 ? `${texts.slice(0, 2).join(", ")} + ${texts.length - 2} more...` : texts.join(", ");
}

/** One metric's current value and its target: `cpu: 40%/80%`. */
function targetText({ type, external, pods, object, resource, containerResource }: Metric, status: MetricStatus | undefined): string {
  switch (type) {
    case "External":
      return valueText(external?.target, status?.external?.current);
    case "Object":
      return valueText(object?.target, status?.object?.current);
    case "Pods":
      return `${status?.pods?.current?.averageValue ?? UNKNOWN}/${pods?.target?.averageValue ?? ""}`;
    case "Resource":
      return `${resource?.name}: ${resourceText(resource?.target, status?.resource?.current)}`;
    case "ContainerResource":
      return `${containerResource?.name}: ${resourceText(containerResource?.target, status?.containerResource?.current)}`;
    default:
      return "<unknown type>";
  }
}

type Target = NonNullable<Metric["resource"]>["target"];
type Current = NonNullable<MetricStatus["resource"]>["current"];

function valueText(target: Target | undefined, current: Current | undefined): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? UNKNOWN}/${target.averageValue} (avg)`;
  return `${current?.value ?? UNKNOWN}/${target?.value ?? ""}`;
}

function resourceText(target: Target | undefined, current: Current | undefined): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? UNKNOWN}/${target.averageValue}`;
  const percent = (utilization: number | undefined, otherwise: string): string => (utilization === undefined ? otherwise : `${utilization}%`);
  return `${percent(current?.averageUtilization, UNKNOWN)}/${percent(target?.averageUtilization, "<auto>")}`;
}

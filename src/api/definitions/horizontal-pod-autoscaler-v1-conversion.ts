/**
 * HorizontalPodAutoscalers from version 1 to version 2 and back. What version 1 has no fields for stands in
 * annotations as JSON: metrics and conditions in version 1's form, behavior in that of Go's structs.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/autoscaling/v1/conversion.go
 */
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerV1, KubeObject } from "../types.ts";

type Metric = NonNullable<HorizontalPodAutoscaler["spec"]["metrics"]>[number];
type Status = NonNullable<HorizontalPodAutoscaler["status"]>;
type MetricStatus = NonNullable<Status["currentMetrics"]>[number];
type Json = Record<string, unknown>;

const PREFIX = "autoscaling.alpha.kubernetes.io";
const METRICS = `${PREFIX}/metrics`;
const BEHAVIOR = `${PREFIX}/behavior`;
const CURRENT_METRICS = `${PREFIX}/current-metrics`;
const CONDITIONS = `${PREFIX}/conditions`;

/** Takes away the annotations that only version 1 may show. */
export function dropRoundTripAnnotations(metadata: KubeObject["metadata"]): void {
  const { annotations } = metadata;
  if (!annotations) return;
  const kept = Object.entries(annotations).filter(([key]) => ![METRICS, BEHAVIOR, CURRENT_METRICS, CONDITIONS].includes(key));
  if (kept.length === Object.keys(annotations).length) return;
  if (kept.length > 0) metadata.annotations = Object.fromEntries(kept);
  else delete metadata.annotations;
}

/** May change its argument. Annotations that can't be read are dropped, as upstream does. */
export function fromV1(object: HorizontalPodAutoscalerV1): HorizontalPodAutoscaler {
  const { metadata, spec, status } = object;
  const annotated = (key: string): unknown => parsed(metadata.annotations?.[key]);
  const { targetCPUUtilizationPercentage: cpu, ...rest } = spec;
  const metrics = listOf(annotated(METRICS)).map(metricFromV1);
  if (cpu !== undefined) metrics.push({ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: cpu } } });
  const behavior = renamed(annotated(BEHAVIOR), lowerFirst);
  const stored: HorizontalPodAutoscaler = {
    ...object,
    apiVersion: "autoscaling/v2",
    spec: { ...rest, ...(metrics.length > 0 ? { metrics } : {}), ...(isRecord(behavior) && Object.keys(behavior).length > 0 ? { behavior } : {}) },
    ...(status ? { status: statusFromV1(status, listOf(annotated(CURRENT_METRICS)), annotated(CONDITIONS)) } : {}),
  };
  dropRoundTripAnnotations(stored.metadata);
  return stored;
}

function statusFromV1({ currentCPUUtilizationPercentage: cpu, ...rest }: NonNullable<HorizontalPodAutoscalerV1["status"]>, current: Json[], conditions: unknown): Status {
  const currentMetrics = current.map(metricStatusFromV1);
  const hasCpu = currentMetrics.some(({ resource }) => resource?.name === "cpu");
  if (cpu !== undefined && !hasCpu) currentMetrics.push({ type: "Resource", resource: { name: "cpu", current: { averageUtilization: cpu } } });
  return {
    ...rest,
    currentMetrics: currentMetrics.length > 0 ? currentMetrics : (null as unknown as MetricStatus[]),
    ...(Array.isArray(conditions) ? { conditions: conditions as NonNullable<Status["conditions"]> } : {}),
  };
}

/** Doesn't change its argument. */
export function toV1(stored: HorizontalPodAutoscaler): HorizontalPodAutoscalerV1 {
  const { metrics = [], behavior, ...rest } = stored.spec;
  const cpu = metrics.find(isCpuUtilization)?.resource?.target.averageUtilization;
  const others = metrics.filter((metric) => !isCpuUtilization(metric)).map(metricToV1);
  const { currentMetrics, conditions = [], ...status } = stored.status ?? { desiredReplicas: 0 };
  const annotations = {
    ...stored.metadata.annotations,
    ...(others.length > 0 ? { [METRICS]: JSON.stringify(others) } : {}),
    ...(behavior ? { [BEHAVIOR]: JSON.stringify(renamed(behavior, upperFirst)) } : {}),
    ...(currentMetrics?.length ? { [CURRENT_METRICS]: JSON.stringify(currentMetrics.map(metricStatusToV1)) } : {}),
    ...(conditions.length > 0 ? { [CONDITIONS]: JSON.stringify(conditions) } : {}),
  };
  const currentCpu = currentMetrics?.find(({ resource }) => resource?.name === "cpu")?.resource?.current.averageUtilization;
  return {
    ...stored,
    apiVersion: "autoscaling/v1",
    metadata: { ...stored.metadata, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    spec: { ...rest, ...(cpu === undefined ? {} : { targetCPUUtilizationPercentage: cpu }) },
    ...(stored.status ? { status: { currentReplicas: 0, ...status, ...(currentCpu === undefined ? {} : { currentCPUUtilizationPercentage: currentCpu }) } } : {}),
  } as HorizontalPodAutoscalerV1;
}

function isCpuUtilization({ type, resource }: Metric): boolean {
  return type === "Resource" && resource?.name === "cpu" && resource.target.averageUtilization !== undefined;
}

/** Fields that are set, in the given order. */
function compact(fields: Json): Json {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function metricToV1({ type, object, pods, resource, containerResource, external }: Metric): Json {
  return compact({
    type,
    object: object && compact({
      target: object.describedObject,
      metricName: object.metric.name,
      targetValue: object.target.value ?? "0",
      selector: object.metric.selector,
      averageValue: object.target.averageValue,
    }),
    pods: pods && compact({ metricName: pods.metric.name, targetAverageValue: pods.target.averageValue, selector: pods.metric.selector }),
    resource: resource && compact({ name: resource.name, targetAverageUtilization: resource.target.averageUtilization, targetAverageValue: resource.target.averageValue }),
    containerResource: containerResource && compact({
      name: containerResource.name,
      targetAverageUtilization: containerResource.target.averageUtilization,
      targetAverageValue: containerResource.target.averageValue,
      container: containerResource.container,
    }),
    external: external && compact({
      metricName: external.metric.name,
      metricSelector: external.metric.selector,
      targetValue: external.target.value,
      targetAverageValue: external.target.averageValue,
    }),
  });
}

function metricFromV1({ type, ...sources }: Json): Metric {
  const { object, pods, resource, containerResource, external } = sources as Record<string, Json | undefined>;
  const valueTarget = (value: unknown, averageValue: unknown): Json => compact({ type: value === undefined ? "AverageValue" : "Value", value, averageValue });
  const resourceTarget = ({ targetAverageUtilization: averageUtilization, targetAverageValue: averageValue }: Json): Json =>
    compact({ type: averageUtilization === undefined ? "AverageValue" : "Utilization", averageValue, averageUtilization });
  return compact({
    type,
    object: object && {
      describedObject: object["target"],
      target: compact({ type: object["averageValue"] === undefined ? "Value" : "AverageValue", value: object["targetValue"], averageValue: object["averageValue"] }),
      metric: compact({ name: object["metricName"], selector: object["selector"] }),
    },
    pods: pods && { metric: compact({ name: pods["metricName"], selector: pods["selector"] }), target: valueTarget(undefined, pods["targetAverageValue"]) },
    resource: resource && { name: resource["name"], target: resourceTarget(resource) },
    containerResource: containerResource && { name: containerResource["name"], target: resourceTarget(containerResource), container: containerResource["container"] },
    external: external && {
      metric: compact({ name: external["metricName"], selector: external["metricSelector"] }),
      target: valueTarget(external["targetValue"], external["targetAverageValue"]),
    },
  }) as unknown as Metric;
}

function metricStatusToV1({ type, object, pods, resource, containerResource, external }: MetricStatus): Json {
  return compact({
    type,
    object: object && compact({
      target: object.describedObject,
      metricName: object.metric.name,
      currentValue: object.current.value ?? "0",
      selector: object.metric.selector,
      averageValue: object.current.averageValue,
    }),
    pods: pods && compact({ metricName: pods.metric.name, currentAverageValue: pods.current.averageValue, selector: pods.metric.selector }),
    resource: resource && compact({ name: resource.name, currentAverageUtilization: resource.current.averageUtilization, currentAverageValue: resource.current.averageValue }),
    containerResource: containerResource && compact({
      name: containerResource.name,
      currentAverageUtilization: containerResource.current.averageUtilization,
      currentAverageValue: containerResource.current.averageValue,
      container: containerResource.container,
    }),
    external: external && compact({
      metricName: external.metric.name,
      metricSelector: external.metric.selector,
      currentValue: external.current.value ?? "0",
      currentAverageValue: external.current.averageValue,
    }),
  });
}

function metricStatusFromV1({ type, ...sources }: Json): MetricStatus {
  const { object, pods, resource, containerResource, external } = sources as Record<string, Json | undefined>;
  const used = (source: Json): Json => compact({ averageValue: source["currentAverageValue"], averageUtilization: source["currentAverageUtilization"] });
  return compact({
    type,
    object: object && {
      metric: compact({ name: object["metricName"], selector: object["selector"] }),
      current: compact({ value: object["currentValue"], averageValue: object["averageValue"] }),
      describedObject: object["target"],
    },
    pods: pods && { metric: compact({ name: pods["metricName"], selector: pods["selector"] }), current: used(pods) },
    resource: resource && { name: resource["name"], current: used(resource) },
    containerResource: containerResource && { name: containerResource["name"], current: used(containerResource), container: containerResource["container"] },
    external: external && {
      metric: compact({ name: external["metricName"], selector: external["metricSelector"] }),
      current: compact({ value: external["currentValue"], averageValue: external["currentAverageValue"] }),
    },
  }) as unknown as MetricStatus;
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

function listOf(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value with other names of fields, at every depth. */
function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null).map(([name, inner]) => [rename(name), renamed(inner, rename)]));
}

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
const upperFirst = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

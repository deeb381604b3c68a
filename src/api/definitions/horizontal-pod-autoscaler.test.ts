/** HorizontalPodAutoscalers in both versions: defaults, validation in upstream's words, conversion, columns. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerV1 } from "../types.ts";
import { fromV1, toV1 } from "./horizontal-pod-autoscaler-v1-conversion.ts";
import { horizontalPodAutoscalerV1 } from "./horizontal-pod-autoscaler-v1.ts";
import { horizontalPodAutoscaler } from "./horizontal-pod-autoscaler.ts";
import { created, creating, decoded, rowOf } from "./testing.ts";

const KIND = "HorizontalPodAutoscaler";
const scaleTargetRef = { kind: "Deployment", name: "web", apiVersion: "apps/v1" };
const hpa = (spec: object = {}): object => ({ spec: { scaleTargetRef, maxReplicas: 5, ...spec } });
const cpu = (averageUtilization: number): object => ({ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization } } });
const withMetric = (metric: object): object => hpa({ metrics: [metric] });
const target = { type: "AverageValue", averageValue: "10" };
const METRIC = "spec.metrics[0]";

test("the defaults are one replica and 80% of the CPU", () => {
  const { spec } = created(KIND, hpa()) as { spec: object };
  assert.deepEqual(spec, { scaleTargetRef, minReplicas: 1, maxReplicas: 5, metrics: [cpu(80)] });
});

test("rules that are there at all are completed", () => {
  const { spec } = created(KIND, hpa({ behavior: { scaleDown: { stabilizationWindowSeconds: 60 } } })) as { spec: { behavior: object } };
  assert.deepEqual(spec.behavior, {
    scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: "Max", policies: [{ type: "Pods", value: 4, periodSeconds: 15 }, { type: "Percent", value: 100, periodSeconds: 15 }] },
    scaleDown: { stabilizationWindowSeconds: 60, selectPolicy: "Max", policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
  });
});

test("whoever writes one is told that nothing scales by it, in both versions", () => {
  for (const { warnings } of [horizontalPodAutoscaler, horizontalPodAutoscalerV1]) {
    assert.deepEqual(warnings!(decoded(KIND, hpa())), ["HorizontalPodAutoscaler is stored and has no effect: nothing on this cluster scales by it"]);
  }
});

const creations: [object: object, errors: string[]][] = [
  [hpa(), []],
  [{}, ["spec.maxReplicas: Invalid value: 0: must be greater than 0", "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`", "spec.scaleTargetRef.kind: Required value", "spec.scaleTargetRef.name: Required value"]],
  [hpa({ minReplicas: 0 }), ["spec.minReplicas: Invalid value: 0: must be greater than or equal to 1"]],
  [hpa({ minReplicas: 6 }), ["spec.maxReplicas: Invalid value: 5: must be greater than or equal to `minReplicas`"]],
  [hpa({ scaleTargetRef: { kind: "a/b", name: ".." } }), ['spec.scaleTargetRef.kind: Invalid value: "a/b": may not contain \'/\'', 'spec.scaleTargetRef.name: Invalid value: "..": may not be \'..\'']],
  [
    withMetric({ type: "Some" }),
    [`${METRIC}.type: Unsupported value: "Some": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"`],
  ],
  [withMetric({ type: "Pods" }), [`${METRIC}.pods: Required value: must populate information for the given metric source`]],
  [withMetric({ type: "Pods", pods: { metric: { name: "rps" }, target } }), []],
  [
    withMetric({ type: "Pods", pods: { metric: { name: "" }, target: { type: "Value", value: "0" } } }),
    [`${METRIC}.pods.metric.name: Required value: must specify a metric name`, `${METRIC}.pods.target.value: Invalid value: "0": must be positive`, `${METRIC}.pods.target.averageValue: Required value: must specify a positive target averageValue`],
  ],
  [withMetric({ ...cpu(0) }), [`${METRIC}.resource.target.averageUtilization: Invalid value: 0: must be greater than 0`]],
  [
    withMetric({ type: "Resource", resource: { name: "cpu", target: { type: "Percent" } } }),
    [`${METRIC}.resource.target.type: Invalid value: "Percent": must be either Utilization, Value, or AverageValue`, `${METRIC}.resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization`],
  ],
  [withMetric({ ...cpu(50), pods: { metric: { name: "rps" }, target } }), [`${METRIC}.pods: Forbidden: must populate the given metric source only`]],
  [withMetric({ type: "External", external: { metric: { name: "q" }, target: { type: "Value", value: "1", averageValue: "1" } } }), [`${METRIC}.external.target.value: Forbidden: may not set both a target value for metric and a per-pod target`]],
  [withMetric({ type: "Object", object: { describedObject: { kind: "Service", name: "s" }, metric: { name: "rps" }, target: { type: "Value", value: "1k" } } }), []],
  [
    withMetric({ type: "ContainerResource", containerResource: { name: "gpu", container: "A", target } }),
    [
      `${METRIC}.containerResource.name: Invalid value: "gpu": must be a standard resource type or fully qualified`,
      `${METRIC}.containerResource.name: Invalid value: "gpu": must be a standard resource for containers`,
      `${METRIC}.containerResource.container: Invalid value: "A": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`,
    ],
  ],
  [
    hpa({ behavior: { scaleUp: { stabilizationWindowSeconds: 3601, selectPolicy: "Some", policies: [{ type: "Pods", value: 0, periodSeconds: 1801 }] }, scaleDown: { policies: [] } } }),
    [
      "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600",
      'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Some": supported values: "Disabled", "Max", "Min"',
      "spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero",
      "spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800",
      "spec.behavior.scaleDown.policies: Required value: must specify at least one Policy",
    ],
  ],
];
for (const [object, errors] of creations) test(`creating ${JSON.stringify((object as { spec?: object }).spec)}`, () => assert.deepEqual(creating(KIND, object), errors));

const whole = { apiVersion: "autoscaling/v2", kind: KIND, metadata: { name: "x", annotations: { note: "kept" } } };

test("version 1 shows CPU utilization as a field and the rest in annotations", () => {
  const stored = {
    ...whole,
    spec: {
      scaleTargetRef,
      minReplicas: 1,
      maxReplicas: 5,
      metrics: [cpu(60), { type: "Pods", pods: { metric: { name: "rps" }, target: { type: "AverageValue", averageValue: "10" } } }],
      behavior: { scaleDown: { selectPolicy: "Max", policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] } },
    },
    status: {
      currentReplicas: 2,
      desiredReplicas: 3,
      currentMetrics: [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: 90, averageValue: "90m" } } }],
      conditions: [{ type: "AbleToScale", status: "True" }],
    },
  } as unknown as HorizontalPodAutoscaler;
  const shown = toV1(stored);
  assert.deepEqual(shown, {
    apiVersion: "autoscaling/v1",
    kind: KIND,
    metadata: {
      name: "x",
      annotations: {
        note: "kept",
        "autoscaling.alpha.kubernetes.io/metrics": '[{"type":"Pods","pods":{"metricName":"rps","targetAverageValue":"10"}}]',
        "autoscaling.alpha.kubernetes.io/behavior": '{"ScaleDown":{"SelectPolicy":"Max","Policies":[{"Type":"Percent","Value":100,"PeriodSeconds":15}]}}',
        "autoscaling.alpha.kubernetes.io/current-metrics": '[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":90,"currentAverageValue":"90m"}}]',
        "autoscaling.alpha.kubernetes.io/conditions": '[{"type":"AbleToScale","status":"True"}]',
      },
    },
    spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 5, targetCPUUtilizationPercentage: 60 },
    status: { currentReplicas: 2, desiredReplicas: 3, currentCPUUtilizationPercentage: 90 },
  });
  const metrics = [...stored.spec.metrics!].reverse();
  assert.deepEqual(fromV1(structuredClone(shown)), { ...stored, spec: { ...stored.spec, metrics } });
});

test("every kind of metric survives version 1", () => {
  const described = { kind: "Service", name: "s" };
  const selector = { matchLabels: { a: "b" } };
  const metrics = [
    { type: "Object", object: { describedObject: described, metric: { name: "m", selector }, target: { type: "Value", value: "1" } } },
    { type: "Resource", resource: { name: "memory", target: { type: "AverageValue", averageValue: "1Gi" } } },
    { type: "ContainerResource", containerResource: { name: "cpu", container: "c", target: { type: "Utilization", averageUtilization: 50 } } },
    { type: "External", external: { metric: { name: "q", selector }, target: { type: "AverageValue", averageValue: "5" } } },
  ];
  const currentMetrics = [
    { type: "Object", object: { metric: { name: "m", selector }, current: { value: "2" }, describedObject: described } },
    { type: "Resource", resource: { name: "memory", current: { averageValue: "2Gi" } } },
    { type: "ContainerResource", containerResource: { name: "cpu", current: { averageUtilization: 60 }, container: "c" } },
    { type: "External", external: { metric: { name: "q", selector }, current: { value: "0", averageValue: "6" } } },
  ];
  const stored = { ...whole, spec: { scaleTargetRef, maxReplicas: 2, metrics }, status: { currentReplicas: 1, desiredReplicas: 1, currentMetrics } } as unknown as HorizontalPodAutoscaler;
  assert.deepEqual(fromV1(structuredClone(toV1(stored))), stored);
});

test("version 1 is stored with version 2's defaults; annotations that make no sense are dropped", () => {
  const object = { ...whole, apiVersion: "autoscaling/v1", metadata: { name: "x", annotations: { "autoscaling.alpha.kubernetes.io/metrics": "{" } }, spec: { scaleTargetRef, maxReplicas: 3 } };
  assert.deepEqual(horizontalPodAutoscalerV1.stored!.toStored(object as HorizontalPodAutoscalerV1), { ...whole, metadata: { name: "x" }, spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 3, metrics: [cpu(80)] } });
});

const rows: [metrics: object[], current: object[], text: string][] = [
  [[cpu(80)], [], "cpu: <unknown>/80%"],
  [[cpu(80)], [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: 12 } } }], "cpu: 12%/80%"],
  [[{ type: "Resource", resource: { name: "memory", target } }], [], "memory: <unknown>/10"],
  [[{ type: "Pods", pods: { metric: { name: "rps" }, target } }], [{ type: "Pods", pods: { current: { averageValue: "7" } } }], "7/10"],
  [[{ type: "External", external: { metric: { name: "q" }, target } }], [], "<unknown>/10 (avg)"],
  [[{ type: "Object", object: { metric: { name: "q" }, target: { type: "Value", value: "5" } } }], [{ type: "Object", object: { current: { value: "3" } } }], "3/5"],
  [[cpu(1), cpu(2), cpu(3)], [], "cpu: <unknown>/1%, cpu: <unknown>/2% + 1 more..."],
];
for (const [metrics, currentMetrics, text] of rows) {
  test(`the targets ${text}`, () => {
    const row = rowOf(KIND, { spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 5, metrics }, status: { currentReplicas: 2, currentMetrics } });
    assert.deepEqual(row, { Name: "x", Reference: "Deployment/web", Targets: text, MinPods: "1", MaxPods: 5, Replicas: 2, Age: "90s" });
  });
}

/**
 * Version 1, which knows one metric, CPU utilization. It is stored as version 2; what it can't say is in
 * annotations. The other fields are those of version 2.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/autoscaling/v1/conversion.go
 */
import { horizontalPodAutoscalers, horizontalPodAutoscalersV1 } from "../resources.ts";
import type { ResourceDefinition } from "../scheme.ts";
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerV1, KubeObject } from "../types.ts";
import { define } from "./define.ts";
import { HPA_COLUMNS, horizontalPodAutoscaler, setHpaDefaults } from "./horizontal-pod-autoscaler.ts";
import { fromV1, toV1 } from "./horizontal-pod-autoscaler-v1-conversion.ts";
import { storedOnly } from "./unsupported.ts";

const { group, plural } = horizontalPodAutoscalers;
const { validate, validateStatusUpdate } = horizontalPodAutoscaler as unknown as ResourceDefinition<HorizontalPodAutoscaler>;

export const horizontalPodAutoscalerV1 = define(horizontalPodAutoscalersV1, {
  model: "io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler",
  emptySpec: () => ({ maxReplicas: 0 }),
  shortNames: ["hpa"],
  categories: ["all"],
  subresources: ["status"],
  stored: {
    group,
    plural,
    toStored(object: KubeObject) {
      const stored = fromV1(object as HorizontalPodAutoscalerV1);
      setHpaDefaults(stored);
      return stored;
    },
    fromStored: (stored: KubeObject) => toV1(stored as HorizontalPodAutoscaler),
  },
  setDefaults({ spec }) {
    spec.minReplicas ??= 1;
    spec.maxReplicas ??= 0;
  },
  prepareForCreate(object) {
    object.status = { currentReplicas: 0, desiredReplicas: 0 };
  },
  validate: (object) => validate!(fromV1(structuredClone(object))),
  validateStatusUpdate: (object, old) => validateStatusUpdate!(fromV1(structuredClone(object)), fromV1(structuredClone(old))),
  warnings: () => storedOnly("HorizontalPodAutoscaler"),
  columns: HPA_COLUMNS.map(({ cell, ...column }) => ({ ...column, cell: (object: HorizontalPodAutoscalerV1, nowMs: number) => cell(fromV1(structuredClone(object)), nowMs) })),
});

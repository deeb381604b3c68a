/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/apps/validation/validation.go (ValidateStatefulSetSpec) */
import { isDeepStrictEqual } from "node:util";
import type { FieldError } from "../errors.ts";
import type { StatefulSet } from "../types.ts";
import { forbidden, invalid, required, validateNonnegative, validateOneOf } from "./field-errors.ts";
import { dns1123Label, validateName } from "./names.ts";
import { isZero, validateAlwaysRunning, validateAtMost100Percent, validateCounts, validateIntOrPercent, validateSelector, validateTemplateMetadata } from "./workload-validation.ts";

export function validateStatefulSet({ metadata, spec }: StatefulSet): FieldError[] {
  const errors = validateName(metadata.name, dns1123Label);
  const { podManagementPolicy, template } = spec;
  if (!podManagementPolicy) errors.push(required("spec.podManagementPolicy"));
  else if (!["OrderedReady", "Parallel"].includes(podManagementPolicy)) {
    errors.push(invalid("spec.podManagementPolicy", podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"));
  }
  for (const name of ["whenDeleted", "whenScaled"] as const) {
    errors.push(...validateOneOf(`spec.persistentVolumeClaimRetentionPolicy.${name}`, spec.persistentVolumeClaimRetentionPolicy?.[name], ["Retain", "Delete"]));
  }
  errors.push(
    ...validateUpdateStrategy(spec.updateStrategy ?? {}),
    ...validateNonnegative("spec.replicas", spec.replicas),
    ...validateNonnegative("spec.minReadySeconds", spec.minReadySeconds),
    ...validateNonnegative("spec.ordinals.start", spec.ordinals?.start),
    ...validateSelector(spec.selector, "spec.selector", "statefulset"),
  );
  // As upstream, the template's volumes are not looked at: the claims join them when a pod is made.
  if (!template?.spec) return [...errors, required("spec.template")];
  return [...errors, ...validateTemplateMetadata(template, spec.selector, "spec.template"), ...validateAlwaysRunning(template, "spec.template", "StatefulSet")];
}

function validateUpdateStrategy(strategy: NonNullable<StatefulSet["spec"]["updateStrategy"]>): FieldError[] {
  const { type, rollingUpdate } = strategy;
  const field = "spec.updateStrategy";
  switch (type) {
    case undefined:
    case "":
      return [required(field)];
    case "OnDelete":
      return rollingUpdate ? [invalid(`${field}.rollingUpdate`, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")] : [];
    case "RollingUpdate": {
      const { partition, maxUnavailable } = rollingUpdate ?? {};
      const path = `${field}.rollingUpdate.maxUnavailable`;
      const errors = [...validateNonnegative(`${field}.rollingUpdate.partition`, partition), ...validateIntOrPercent(path, maxUnavailable)];
      if (maxUnavailable !== undefined && isZero(maxUnavailable)) errors.push(invalid(path, maxUnavailable, "cannot be 0"));
      return [...errors, ...validateAtMost100Percent(path, maxUnavailable)];
    }
    default:
      return [invalid(field, strategy, "must be 'RollingUpdate' or 'OnDelete'")];
  }
}

const UPDATABLE = ["replicas", "template", "updateStrategy", "minReadySeconds", "ordinals", "persistentVolumeClaimRetentionPolicy", "revisionHistoryLimit"] as const;

export function validateStatefulSetUpdate({ spec }: StatefulSet, { spec: old }: StatefulSet): FieldError[] {
  const fixed = ({ ...rest }: StatefulSet["spec"]): object => {
    for (const name of UPDATABLE) delete (rest as Partial<typeof rest>)[name];
    return rest;
  };
  if (isDeepStrictEqual(fixed(spec), fixed(old))) return [];
  return [
    forbidden(
      "spec",
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ),
  ];
}

export function validateStatefulSetStatus({ status }: StatefulSet): FieldError[] {
  const { readyReplicas = 0, availableReplicas = 0 } = status ?? {};
  const counts = ["replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas", "observedGeneration", "collisionCount"];
  const errors = validateCounts({ ...status }, counts, ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"]);
  if (availableReplicas > readyReplicas) errors.push(invalid("status.availableReplicas", availableReplicas, "cannot be greater than status.readyReplicas"));
  return errors;
}

/**
 * What Go holds of an object that nobody wrote to: structs held by value are there, lists and maps that must
 * be given are null. Server-side apply compares a new object with it, so that nobody comes to own `spec`
 * as a whole.
 */
import { LABEL_SELECTOR, MICRO_TIME, QUANTITY, TIME, shortName } from "./models.ts";
import { schemaOf, type Property } from "./schema.ts";

/** Optional fields that Go nevertheless holds by value, besides every `metadata`, `spec` and `status`. */
const BY_VALUE: readonly string[] = [
  "DaemonSetSpec.updateStrategy",
  "DeploymentSpec.strategy",
  "Event.deprecatedSource",
  "Event.regarding",
  "Event.source",
  "NetworkPolicySpec.podSelector",
  "PersistentVolumeClaimSpec.resources",
  "PodTemplate.template",
  "ReplicaSetSpec.template",
  "StatefulSetSpec.updateStrategy",
];

/** Required fields that Go nevertheless holds by pointer, besides selectors and times. */
const BY_POINTER: readonly string[] = [
  "HTTPIngressPath.pathType",
  "IPAddressSpec.parentRef",
  "MutatingWebhook.sideEffects",
  "ScaleIOPersistentVolumeSource.secretRef",
  "ScaleIOVolumeSource.secretRef",
  "ValidatingWebhook.sideEffects",
];

const PARTS: readonly string[] = ["metadata", "spec", "status"];

/** Whether a field that must be given is a pointer in Go: absent, it stays absent, and validation asks for it. */
export function isRequiredPointer(model: string, name: string, { ref }: Property): boolean {
  return ref === LABEL_SELECTOR || ref === TIME || ref === MICRO_TIME || BY_POINTER.includes(`${shortName(model)}.${name}`);
}

/** A new one each time. */
export function zeroOf(model: string): Record<string, unknown> {
  const { properties = {}, required = [] } = schemaOf(model);
  const result: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(properties)) {
    const isRequired = required.includes(name);
    if (isStruct(property)) {
      const key = `${shortName(model)}.${name}`;
      if ((isRequired && !isRequiredPointer(model, name, property)) || PARTS.includes(name) || BY_VALUE.includes(key)) result[name] = zeroOf(property.ref!);
    } else if (isRequired && !isRequiredPointer(model, name, property)) {
      result[name] = zeroValue(property);
    }
  }
  return result;
}

const isStruct = ({ ref }: Property): boolean => ref !== undefined && schemaOf(ref).properties !== undefined;

function zeroValue({ ref, type }: Property): unknown {
  if (ref === QUANTITY) return "0";
  if (ref === TIME || ref === MICRO_TIME) return null;
  if (type === "string") return "";
  if (type === "boolean") return false;
  if (type === "integer" || type === "number") return 0;
  return null;
}

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/events.go (legacy validation) */
import type { FieldError } from "../errors.ts";
import type { Event } from "../types.ts";
import { invalid } from "./field-errors.ts";
import { dns1123Subdomain, validateName } from "./names.ts";

/** Kinds without a namespace: their events are in `default`, or in `kube-system`. */
const CLUSTER_SCOPED = ["Namespace", "Node", "PersistentVolume", "StorageClass"];

export function validateEvent({ metadata, involvedObject }: Event): FieldError[] {
  const errors = validateName(metadata.name, dns1123Subdomain);
  const { namespace = "", kind } = involvedObject;
  if (namespace === "") {
    const scoped = kind !== undefined && !CLUSTER_SCOPED.includes(kind);
    if (scoped && metadata.namespace !== "default" && metadata.namespace !== "kube-system") {
      errors.push(invalid("involvedObject.namespace", namespace, "does not match event.namespace"));
    }
  } else if (metadata.namespace && metadata.namespace !== namespace) {
    errors.push(invalid("involvedObject.namespace", namespace, "does not match event.namespace"));
  }
  return errors;
}

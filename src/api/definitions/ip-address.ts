/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/networking/ipaddress/strategy.go */
import type { FieldError } from "../errors.ts";
import { ipAddresses } from "../resources.ts";
import type { IPAddress } from "../types.ts";
import { NONE, column, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { invalidFor, required, validateImmutable } from "./field-errors.ts";
import { canonicalIpAddress, dns1123Subdomain, pathSegmentName, validateName } from "./names.ts";

export const ipAddress = define(ipAddresses, {
  model: "io.k8s.api.networking.v1.IPAddress",
  emptySpec: () => ({}),
  shortNames: ["ip"],
  validate: ({ metadata, spec }) => [...validateName(metadata.name, canonicalIpAddress), ...validateParent(spec.parentRef)],
  validateUpdate: ({ spec }, old) => validateImmutable("spec.parentRef", spec.parentRef, old.spec.parentRef),
  columns: [nameColumn(), column("ParentRef", "parentRef references the resource that an IPAddress is attached to. An IPAddress must reference a parent object.", parentText)],
});

function validateParent(parent: IPAddress["spec"]["parentRef"] | undefined): FieldError[] {
  const field = "spec.parentRef";
  if (!parent) return [required(field)];
  const { group = "", resource, namespace = "", name } = parent;
  const segment = (path: string, value: string): FieldError[] => (value === "" ? [required(path)] : invalidFor(path, value, pathSegmentName(value)));
  return [
    ...(group === "" ? [] : invalidFor(`${field}.group`, group, dns1123Subdomain(group))),
    ...segment(`${field}.resource`, resource),
    ...segment(`${field}.name`, name),
    ...(namespace === "" ? [] : segment(`${field}.namespace`, namespace)),
  ];
}

function parentText({ spec: { parentRef } }: IPAddress): string {
  if (!parentRef) return NONE;
  const { group, resource, namespace, name } = parentRef;
  const type = (group ? `${resource}.${group}` : resource).toLowerCase();
  return [type, ...(namespace ? [namespace] : []), name].join("/");
}

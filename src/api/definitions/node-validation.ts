/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidateNode, ValidateNodeUpdate) */
import { isDeepStrictEqual } from "node:util";
import { parseRange } from "#lib/ip.ts";
import type { FieldError } from "../errors.ts";
import type { Node } from "../types.ts";
import { duplicate, forbidden, invalid, invalidFor } from "./field-errors.ts";
import { cidr, cidrWarnings, dns1123Subdomain, validateName } from "./names.ts";
import { validateQuantity } from "./resources-validation.ts";
import { validateTaints } from "./scheduling-validation.ts";

export function validateNode({ metadata, spec = {}, status = {} }: Node): FieldError[] {
  const errors = [
    ...validateName(metadata.name, dns1123Subdomain),
    // The path is upstream's.
    ...validateTaints(spec.taints ?? [], "metadata.taints"),
    ...(spec.podCIDRs ?? []).flatMap((range, i) => invalidFor(`spec.podCIDRs[${i}]`, range, cidr(range))),
  ];
  errors.push(...validatePodCIDRs(spec.podCIDRs ?? []));
  for (const name of ["capacity", "allocatable"] as const) {
    for (const [resource, quantity] of Object.entries(status[name] ?? {})) errors.push(...validateQuantity(resource, quantity, `status.${name}.${resource}`));
  }
  return errors;
}

/** One range of each family. */
function validatePodCIDRs(ranges: string[]): FieldError[] {
  if (ranges.length < 2) return [];
  const families = new Set(ranges.map((text) => parseRange(text)?.family));
  return [
    ...(families.size < 2 || ranges.length > 2 ? [invalid("spec.podCIDRs", ranges, "may specify no more than one CIDR for each IP family")] : []),
    ...ranges.flatMap((range, i) => (ranges.indexOf(range) < i ? [duplicate(`spec.podCIDRs[${i}]`, range)] : [])),
  ];
}

export function validateNodeUpdate({ spec = {} }: Node, { spec: old = {} }: Node): FieldError[] {
  const errors: FieldError[] = [];
  if (old.podCIDRs?.length && !isDeepStrictEqual(spec.podCIDRs, old.podCIDRs)) {
    errors.push(forbidden("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid'));
  }
  if (old.providerID && spec.providerID !== old.providerID) {
    errors.push(forbidden("spec.providerID", 'node updates may not change providerID except from "" to valid'));
  }
  if (spec.externalID !== old.externalID) errors.push(forbidden("spec.externalID", "may not be updated"));
  return errors;
}

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/api/node/util.go (GetWarningsForNode) */
export function nodeWarnings({ spec = {} }: Node): string[] {
  return [
    ...(spec.configSource ? ["spec.configSource: the feature is deprecated, not available since v1.24"] : []),
    ...(spec.externalID ? ["spec.externalID: this field is deprecated, and is unused by Kubernetes"] : []),
    ...(spec.podCIDRs ?? []).flatMap((range, i) => cidrWarnings(`spec.podCIDRs[${i}]`, range)),
  ];
}

export function validateNodeStatusUpdate(node: Node): FieldError[] {
  const seen = new Set<string>();
  return (node.status?.addresses ?? []).flatMap((address, i) => {
    const key = `${address.type} ${address.address}`;
    const again = seen.has(key);
    seen.add(key);
    return again ? [duplicate(`status.addresses[${i}]`, address)] : [];
  });
}

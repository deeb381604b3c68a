/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/networking/servicecidr/strategy.go */
import { parseRange } from "#lib/ip.ts";
import type { FieldError } from "../errors.ts";
import { serviceCIDRs } from "../resources.ts";
import type { ServiceCIDR } from "../types.ts";
import { ageColumn, column, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { invalid, invalidFor, required, validateImmutable } from "./field-errors.ts";
import { canonicalCidr, dns1123Subdomain, validateName } from "./names.ts";
import { storedOnly } from "./unsupported.ts";

export const serviceCIDR = define(serviceCIDRs, {
  model: "io.k8s.api.networking.v1.ServiceCIDR",
  emptySpec: () => ({}),
  subresources: ["status"],
  setDefaults(object) {
    object.status ??= {};
  },
  prepareForCreate(object) {
    object.status = {};
  },
  validate: ({ metadata, spec }) => [...validateName(metadata.name, dns1123Subdomain), ...validateRanges(spec)],
  validateUpdate: ({ spec }, old) => validateImmutable("spec.cidrs", spec.cidrs, old.spec.cidrs),
  warnings: () => storedOnly("ServiceCIDR"),
  columns: [
    nameColumn(),
    column(
      "CIDRs",
      'CIDRs defines the IP blocks in CIDR notation (e.g. "192.168.0.0/24" or "2001:db8::/64") from which to assign service cluster IPs. Max of two CIDRs is allowed, one of each IP family. This field is immutable.',
      ({ spec }) => (spec.cidrs ?? []).join(","),
    ),
    ageColumn(),
  ],
});

function validateRanges(spec: ServiceCIDR["spec"]): FieldError[] {
  const field = "spec.cidrs";
  const { cidrs = [] } = spec;
  if (cidrs.length === 0) return [required(field, "at least one CIDR required")];
  if (cidrs.length > 2) return [invalid(field, spec, "may only hold up to 2 values")];
  const families = cidrs.map((text) => parseRange(text)?.family);
  if (cidrs.length === 2 && (families.includes(undefined) || families[0] === families[1])) {
    return [invalid(field, spec, "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64")];
  }
  return cidrs.flatMap((text, i) => invalidFor(`${field}[${i}]`, text, canonicalCidr(text)));
}

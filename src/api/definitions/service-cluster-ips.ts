/**
 * A Service's cluster addresses and their families: `clusterIP` and `clusterIPs` tell the same, the first of
 * the families is for good.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidateServiceClusterIPsRelatedFields)
 */
import { sameJson } from "#lib/json.ts";
import { parseAddress } from "#lib/ip.ts";
import type { FieldError } from "../errors.ts";
import type { Service } from "../types.ts";
import { duplicate, invalid, invalidFor, notSupported, required, validateOneOf } from "./field-errors.ts";
import { ipAddress } from "./names.ts";

type Spec = Service["spec"];

const FAMILIES = ["IPv4", "IPv6"];
const POLICIES = ["PreferDualStack", "RequireDualStack", "SingleStack"];
const CHANGED = "may not change once set";

export const isHeadless = ({ clusterIP }: Spec): boolean => clusterIP === "None";

/** Brings the one address and the list together for clients that know only the one. Those that know the list have to write both. */
export function normalizeClusterIPs(spec: Spec, old?: Spec): void {
  if (!old) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  const before = old.clusterIPs ?? [];
  if ((spec.clusterIP ?? "") === (old.clusterIP ?? "")) {
    if (!spec.clusterIPs?.length && before.length > 0) spec.clusterIPs = before;
  } else if (sameJson(spec.clusterIPs ?? [], before)) {
    if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
    else delete spec.clusterIPs;
  }
}

export function validateClusterIPs(spec: Spec): FieldError[] {
  const { clusterIP = "", clusterIPs = [], ipFamilies = [], ipFamilyPolicy, type } = spec;
  if (type === "ExternalName") return [];
  const field = "spec.clusterIPs";
  const errors: FieldError[] = [];
  if (clusterIP === "") {
    if (clusterIPs.length > 0) errors.push(invalid(field, clusterIPs, "must be empty when `clusterIP` is not specified"));
  } else if (clusterIPs.length === 0) {
    errors.push(required(field));
  } else if (clusterIPs[0] !== clusterIP) {
    errors.push(invalid(field, clusterIPs, "first value must match `clusterIP`"));
  }
  for (const [i, family] of ipFamilies.entries()) {
    if (!FAMILIES.includes(family)) errors.push(notSupported(`spec.ipFamilies[${i}]`, family, FAMILIES));
    if (ipFamilies.indexOf(family) < i) errors.push(duplicate(`spec.ipFamilies[${i}]`, family));
  }
  errors.push(...validateOneOf("spec.ipFamilyPolicy", ipFamilyPolicy, POLICIES));
  const bad = clusterIPs.flatMap((ip, i) => {
    if (i > 0 || ip !== "None") return invalidFor(`${field}[${i}]`, ip, ipAddress(ip));
    return clusterIPs.length > 1 ? [invalid(field, clusterIPs, "'None' must be the first and only value")] : [];
  });
  errors.push(...bad);
  if (clusterIPs.length > 2) errors.push(invalid(field, clusterIPs, "may only hold up to 2 values"));
  return bad.length > 0 ? errors : [...errors, ...validateFamilies(spec)];
}

/** Of addresses that are well-formed: one of each family, in the order of the families. */
function validateFamilies({ clusterIPs = [], ipFamilies = [] }: Spec): FieldError[] {
  const errors: FieldError[] = [];
  const families = clusterIPs.map((ip) => parseAddress(ip)?.family);
  if (clusterIPs.length > 1 && new Set(families).size < clusterIPs.length) {
    errors.push(invalid("spec.clusterIPs", clusterIPs, "may specify no more than one IP for each IP family"));
  }
  for (const [i, expected] of ipFamilies.slice(0, clusterIPs.length).entries()) {
    const family = families[i];
    if (family && family !== expected && FAMILIES.includes(expected)) {
      errors.push(invalid(`spec.clusterIPs[${i}]`, clusterIPs[i], `expected an ${expected} value as indicated by \`ipFamilies[${i}]\``));
    }
  }
  return errors;
}

/** A second address or family may come and, with the policy `SingleStack`, go; the first may not change. */
export function validateClusterIPsUpdate(spec: Spec, old: Spec): FieldError[] {
  if (spec.type === "ExternalName" || old.type === "ExternalName" || (isHeadless(spec) && isHeadless(old))) return [];
  const errors = validateKept("clusterIPs", spec, old, "clusterIP");
  return isHeadless(spec) === isHeadless(old) ? [...errors, ...validateKept("ipFamilies", spec, old, "ipFamily")] : errors;
}

function validateKept(name: "clusterIPs" | "ipFamilies", spec: Spec, old: Spec, one: string): FieldError[] {
  const before: string[] = old[name] ?? [];
  const after: string[] = spec[name] ?? [];
  const first = `spec.${name}[0]`;
  if (before.length === after.length) {
    return before.flatMap((value, i) => (value === after[i] ? [] : [invalid(name === "ipFamilies" ? first : `spec.${name}[${i}]`, after, CHANGED)]));
  }
  const errors: FieldError[] = [];
  if (after.length === 0) errors.push(invalid(first, after, `primary ${one} can not be unset`));
  else if (before.length > 0 && after[0] !== before[0]) errors.push(invalid(first, after, CHANGED));
  if (after.length === 1 && before.length > 1 && spec.ipFamilyPolicy !== "SingleStack") {
    errors.push(invalid("spec.ipFamilyPolicy", spec.ipFamilyPolicy ?? null, `must be set to 'SingleStack' when releasing the secondary ${one}`));
  }
  return errors;
}

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/certificates/validation/validation.go */
import { X509Certificate } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { parseCertificateRequest } from "#lib/certificate-request.ts";
import type { FieldError } from "../errors.ts";
import type { CertificateSigningRequest } from "../types.ts";
import { differences } from "./differences.ts";
import { duplicate, forbidden, invalid, notSupported, required, tooLong } from "./field-errors.ts";
import { dns1123Label, dns1123Subdomain } from "./names.ts";

const USAGES = [
  "any",
  "cert sign",
  "client auth",
  "code signing",
  "content commitment",
  "crl sign",
  "data encipherment",
  "decipher only",
  "digital signature",
  "email protection",
  "encipher only",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "key agreement",
  "key encipherment",
  "microsoft sgc",
  "netscape sgc",
  "ocsp signing",
  "s/mime",
  "server auth",
  "signing",
  "timestamping",
];
const LEGACY_SIGNER = "kubernetes.io/legacy-unknown";
const MIN_SECONDS = 600;
const CONDITIONS = "status.conditions";
const APPROVED_OR_DENIED = ["Approved", "Denied"];
const TERMINAL = [...APPROVED_OR_DENIED, "Failed"];

export function validateCertificateSigningRequest({ spec, status }: CertificateSigningRequest): FieldError[] {
  const { signerName, usages = [], expirationSeconds } = spec;
  return [
    ...validateRequest(spec.request),
    ...(usages.length > 0 ? [] : [required("spec.usages")]),
    ...usages.flatMap((usage, i) => (USAGES.includes(usage) ? [] : [notSupported(`spec.usages[${i}]`, usage, USAGES)])),
    ...usages.flatMap((usage, i) => (usages.indexOf(usage) < i ? [duplicate(`spec.usages[${i}]`, usage)] : [])),
    ...(signerName === LEGACY_SIGNER ? [invalid("spec.signerName", signerName, "the legacy signerName is not allowed via this API version")] : validateSignerName(signerName, "spec.signerName")),
    ...(expirationSeconds !== undefined && expirationSeconds < MIN_SECONDS
      ? [invalid("spec.expirationSeconds", expirationSeconds, "may not specify a duration less than 600 seconds (10 minutes)")]
      : []),
    ...validateConditions(status),
  ];
}

function validateRequest(request: string): FieldError[] {
  try {
    parseCertificateRequest(Buffer.from(request, "base64").toString("latin1"));
    return [];
  } catch (error) {
    return [invalid("spec.request", request, (error as Error).message)];
  }
}

/** `example.com/signer`. */
function validateSignerName(name: string, field: string): FieldError[] {
  if (name === "") return [required(field)];
  const [domain, path, ...more] = name.split("/");
  if (path === undefined || more.length > 0) return [invalid(field, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")];
  const labels = domain!.split(".");
  return [
    ...(domain!.length > 253 ? [tooLong(field, 253)] : []),
    ...labels.flatMap((label) => dns1123Label(label).map((problem) => invalid(field, domain, `validating label "${label}": ${problem}`))),
    ...(labels.length < 2 ? [invalid(field, domain, "should be a domain with at least two segments separated by dots")] : []),
    ...path.split(".").flatMap((label) => dns1123Subdomain(label).map((problem) => invalid(field, path, `validating label "${label}": ${problem}`))),
  ];
}

function validateConditions(status: CertificateSigningRequest["status"]): FieldError[] {
  const seen = new Set<string>();
  return (status?.conditions ?? []).flatMap(({ type, status: value }, i) => {
    const field = `${CONDITIONS}[${i}]`;
    const values = TERMINAL.includes(type) ? ["True"] : ["False", "True", "Unknown"];
    const opposite = { Approved: "Denied", Denied: "Approved" }[type];
    const errors = [
      ...(type === "" ? [required(`${field}.type`)] : []),
      ...(value === "" ? [required(`${field}.status`)] : values.includes(value) ? [] : [notSupported(`${field}.status`, value, values)]),
      ...(opposite && seen.has(opposite) ? [invalid(`${field}.type`, type, "Approved and Denied conditions are mutually exclusive")] : []),
      ...(seen.has(type) ? [duplicate(`${field}.type`, type)] : []),
    ];
    seen.add(type);
    return errors;
  });
}

/** A write to `status`: the certificate, once, and conditions other than the approval. */
export function validateCertificateStatusUpdate(object: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  return [...validateConditions(object.status), ...validateKept(object, old), ...APPROVED_OR_DENIED.flatMap((type) => validateUntouched(type, object, old)), ...validateCertificate(object, old)];
}

/** A write to `approval`. */
export function validateApprovalUpdate(object: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  return validateKept(object, old);
}

/** What was decided stays decided. */
function validateKept(object: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  const lost = TERMINAL.filter((type) => conditions(object, type).length < conditions(old, type).length);
  return lost.map((type) => forbidden(CONDITIONS, `updates may not remove a condition of type "${type}"`));
}

function validateUntouched(type: string, object: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  const [now, before] = [conditions(object, type), conditions(old, type)];
  if (now.length > before.length) return [forbidden(CONDITIONS, `updates may not add a condition of type "${type}"`)];
  if (now.length < before.length || isDeepStrictEqual(now, before)) return [];
  return [forbidden(CONDITIONS, `updates may not modify a condition of type "${type}"\n${differences(before, now, CONDITIONS)}`)];
}

function validateCertificate({ status }: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  const field = "status.certificate";
  const certificate = status?.certificate ?? "";
  const before = old.status?.certificate ?? "";
  if (certificate === before) return [];
  const problem = certificate === "" ? undefined : problemOf(Buffer.from(certificate, "base64").toString("latin1"));
  return [
    ...(problem ? [invalid(field, "<certificate data>", problem)] : []),
    ...(before === "" ? [] : [forbidden(field, "updates may not modify existing certificate content")]),
  ];
}

function problemOf(pem: string): string | undefined {
  const blocks = [...pem.matchAll(/-----BEGIN ([^-]+)-----[\s\S]*?-----END \1-----/g)];
  if (blocks.length === 0) return "must contain at least one CERTIFICATE PEM block";
  for (const [block, type] of blocks) {
    if (type !== "CERTIFICATE") return `only CERTIFICATE PEM blocks are allowed, found "${type}"`;
    if (/^[\w-]+:/m.test(block)) return "no PEM block headers are permitted";
    try {
      new X509Certificate(block);
    } catch (error) {
      return `x509: malformed certificate: ${(error as Error).message}`;
    }
  }
  return undefined;
}

function conditions({ status }: CertificateSigningRequest, type: string): object[] {
  return (status?.conditions ?? []).filter((condition) => condition.type === type);
}

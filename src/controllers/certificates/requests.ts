/**
 * What the signers of kubernetes.io sign, and whose word it takes.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#kubernetes-signers
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/certificates/helpers.go
 */
import type { CertificateSigningRequest } from "#api/types.ts";
import { parseCertificateRequest, type CertificateRequest } from "#lib/certificate-request.ts";

export const KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet";
const KUBELET_SERVING = "kubernetes.io/kubelet-serving";
const API_CLIENT = "kubernetes.io/kube-apiserver-client";

/** By signer: what is wrong with a request, if anything. */
const PROBLEMS: Record<string, (request: CertificateRequest, usages: readonly string[]) => string | undefined> = {
  [API_CLIENT]: apiClientProblem,
  [KUBELET_CLIENT]: kubeletClientProblem,
  [KUBELET_SERVING]: kubeletServingProblem,
};

/** Whether the request is for one of our signers. */
export function isOurs({ spec }: CertificateSigningRequest): boolean {
  return spec.signerName in PROBLEMS;
}

/** Why its signer doesn't sign it; undefined where nothing is wrong. */
export function problemOf({ spec }: CertificateSigningRequest, request: CertificateRequest): string | undefined {
  return PROBLEMS[spec.signerName]?.(request, spec.usages ?? []);
}

/** Throws an Error in Go's words. */
export function decodeRequest({ spec }: CertificateSigningRequest): CertificateRequest {
  return parseCertificateRequest(Buffer.from(spec.request, "base64").toString());
}

export function hasCondition({ status }: CertificateSigningRequest, type: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
}

function apiClientProblem(_request: CertificateRequest, usages: readonly string[]): string | undefined {
  const foreign = usages.find((usage) => !["digital signature", "key encipherment", "client auth"].includes(usage));
  if (foreign !== undefined) return `invalid usage for client certificate: ${foreign}`;
  return usages.includes("client auth") ? undefined : "missing required usage for client certificate: client auth";
}

function kubeletClientProblem(request: CertificateRequest, usages: readonly string[]): string | undefined {
  if (!isOfNodes(request)) return "subject organization is not system:nodes";
  if (request.dnsNames.length > 0) return "DNS subjectAltNames are not allowed";
  if (request.emailAddresses.length > 0) return "Email subjectAltNames are not allowed";
  if (request.ipAddresses.length > 0) return "IP subjectAltNames are not allowed";
  if (request.uris.length > 0) return "URI subjectAltNames are not allowed";
  return nodeNameProblem(request) ?? usagesProblem(usages, "client auth");
}

function kubeletServingProblem(request: CertificateRequest, usages: readonly string[]): string | undefined {
  if (!isOfNodes(request)) return "subject organization is not system:nodes";
  if (request.dnsNames.length === 0 && request.ipAddresses.length === 0) return "DNS or IP subjectAltName is required";
  if (request.emailAddresses.length > 0) return "Email subjectAltNames are not allowed";
  if (request.uris.length > 0) return "URI subjectAltNames are not allowed";
  return usagesProblem(usages, "server auth") ?? nodeNameProblem(request);
}

function isOfNodes({ organizations }: CertificateRequest): boolean {
  return organizations.length === 1 && organizations[0] === "system:nodes";
}

function nodeNameProblem({ commonName }: CertificateRequest): string | undefined {
  return commonName.startsWith("system:node:") ? undefined : "subject common name does not begin with system:node:";
}

/** Keys that aren't RSA's encipher no other keys. */
function usagesProblem(usages: readonly string[], purpose: string): string | undefined {
  const all = [purpose, "digital signature", "key encipherment"].sort();
  const given = [...new Set(usages)].sort().join();
  return given === all.join() || given === all.filter((usage) => usage !== "key encipherment").join() ? undefined : `usages did not match [${all.join(" ")}]`;
}

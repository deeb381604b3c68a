import { certificateSigningRequests } from "../resources.ts";
import type { CertificateSigningRequest } from "../types.ts";
import { validateCertificateSigningRequest, validateCertificateStatusUpdate } from "./certificate-signing-request-validation.ts";
import { ageColumn, column, humanDuration, nameColumn, NONE } from "./columns.ts";
import { define } from "./define.ts";

export const certificateSigningRequest = define(certificateSigningRequests, {
  model: "io.k8s.api.certificates.v1.CertificateSigningRequest",
  shortNames: ["csr"],
  subresources: ["approval", "status"],
  setDefaults(object) {
    object.status ??= {};
  },
  prepareForCreate(object) {
    object.status = {};
  },
  // What was asked for is asked for: an approval must not come to mean something else.
  prepareForUpdate(object, old) {
    object.spec = old.spec;
  },
  validate: validateCertificateSigningRequest,
  validateStatusUpdate: validateCertificateStatusUpdate,
  fields: ({ spec }) => ({ "spec.signerName": spec.signerName }),
  columns: [
    nameColumn(),
    ageColumn(),
    column("SignerName", "signerName indicates the requested signer, and is a qualified name.", ({ spec }) => spec.signerName || NONE),
    column("Requestor", "request contains an x509 certificate signing request encoded in a \"CERTIFICATE REQUEST\" PEM block. When serialized as JSON or YAML, the data is additionally base64-encoded.", ({ spec }) => spec.username ?? ""),
    column("RequestedDuration", "expirationSeconds is the requested duration of validity of the issued certificate.", ({ spec }) => (spec.expirationSeconds === undefined ? NONE : humanDuration(spec.expirationSeconds * 1000))),
    column("Condition", "conditions applied to the request. Known conditions are \"Approved\", \"Denied\", and \"Failed\".", conditionText),
  ],
});

function conditionText({ status }: CertificateSigningRequest): string {
  const has = (wanted: string): boolean => status?.conditions?.some(({ type }) => type === wanted) ?? false;
  const decision = has("Denied") ? "Denied" : has("Approved") ? "Approved" : "Pending";
  return [decision, ...(has("Failed") ? ["Failed"] : []), ...(status?.certificate ? ["Issued"] : [])].join(",");
}

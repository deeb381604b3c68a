/**
 * Who may approve and sign what, and what nobody may ask for.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#certificateapproval
 * @see https://github.com/kubernetes/kubernetes/tree/master/plugin/pkg/admission/certificates
 */
import { isDeepStrictEqual } from "node:util";
import { parseCertificateRequest } from "#lib/certificate-request.ts";
import type { CertificateSigningRequest } from "#api/types.ts";
import { about, mayDo, type Authorizer } from "../authorization/authorizer.ts";
import { MASTERS, type User } from "../user.ts";
import { isAbout, refusal, type AdmissionPlugin, type Attributes } from "./admission.ts";

const GROUP = "certificates.k8s.io";
const REQUESTS = "certificatesigningrequests";
const CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client";

/** Approving takes the verb `approve` on the signer. */
export function certificateApproval(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "CertificateApproval",
    validate(attributes) {
      if (attributes.operation !== "UPDATE" || !isAbout(attributes, GROUP, REQUESTS, "approval")) return;
      requireSigner(authorizer, attributes, "approve");
    },
  };
}

/** Signing, or giving up on it, takes the verb `sign`. */
export function certificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "CertificateSigning",
    validate(attributes) {
      if (attributes.operation !== "UPDATE" || !isAbout(attributes, GROUP, REQUESTS, "status")) return;
      const [now, old] = [attributes.object, attributes.oldObject] as [CertificateSigningRequest, CertificateSigningRequest];
      if (isDeepStrictEqual(now.status?.certificate, old.status?.certificate) && isDeepStrictEqual(now.status?.conditions, old.status?.conditions)) return;
      requireSigner(authorizer, attributes, "sign");
    },
  };
}

/** No certificate makes its holder a member of `system:masters`: it could never be taken back. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: "CertificateSubjectRestriction",
  validate(attributes) {
    if (attributes.operation !== "CREATE" || !isAbout(attributes, GROUP, REQUESTS)) return;
    const { spec } = attributes.object as CertificateSigningRequest;
    if (spec.signerName !== CLIENT_SIGNER) return;
    const { organizations } = parseCertificateRequest(Buffer.from(spec.request, "base64").toString("latin1"));
    if (organizations.includes(MASTERS)) throw refusal(attributes, `use of ${CLIENT_SIGNER} signer with ${MASTERS} group is not allowed`);
  },
};

function requireSigner(authorizer: Authorizer, attributes: Attributes, verb: "approve" | "sign"): void {
  const { signerName } = (attributes.oldObject as CertificateSigningRequest).spec;
  if (!maySignFor(authorizer, attributes.user, signerName, verb)) throw refusal(attributes, `user not permitted to ${verb} requests with signerName ${JSON.stringify(signerName)}`);
}

/** A right may be for one signer, or for all of a domain: `example.com/*`. */
function maySignFor(authorizer: Authorizer, user: User, signerName: string, verb: string): boolean {
  const domain = signerName.slice(0, signerName.indexOf("/"));
  return [signerName, `${domain}/*`].some((name) => mayDo(authorizer, user, about(verb, { group: GROUP, resource: "signers", name })));
}

/**
 * Approves the client certificates of kubelets that may ask for them: when they join, and when they renew theirs.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/certificates/approver/sarapprove.go
 */
import { certificateSigningRequests, subjectAccessReviews } from "#api/resources.ts";
import type { CertificateSigningRequest, SubjectAccessReview } from "#api/types.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import type { CertificateRequest } from "#lib/certificate-request.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { decodeRequest, hasCondition, KUBELET_CLIENT, problemOf } from "./requests.ts";

const ASK_AGAIN_MS = 60_000;

/** Rights to have a certificate approved, by the message that then says so: to renew one's own, or to have one for whichever node. */
const RIGHTS = {
  selfnodeclient: "Auto approving self kubelet client certificate after SubjectAccessReview.",
  nodeclient: "Auto approving kubelet client certificate after SubjectAccessReview.",
};

export function startCertificateApprovingController(context: ControllerContext): Controller {
  const name = "certificatesigningrequest-approving-controller";
  const { client } = component(context, name, "certificate-controller");
  const informer = context.informers.for(certificateSigningRequests);

  async function reconcile(key: string): Promise<number | void> {
    const csr = informer.get(key);
    if (!csr || csr.spec.signerName !== KUBELET_CLIENT || csr.status?.certificate || hasCondition(csr, "Approved") || hasCondition(csr, "Denied")) return;
    const tried = rightsFor(csr, decodeRequest(csr));
    for (const right of tried) {
      if (!(await isAllowed(csr, right))) continue;
      const approved = { type: "Approved", status: "True", reason: "AutoApproved", message: RIGHTS[right] };
      await client.updateSubresource(certificateSigningRequests, { ...csr, status: { ...csr.status, conditions: [...(csr.status?.conditions ?? []), approved] } }, "approval");
      return;
    }
    // Rights may come.
    if (tried.length > 0) return ASK_AGAIN_MS;
  }

  async function isAllowed({ spec }: CertificateSigningRequest, subresource: string): Promise<boolean> {
    const { username, uid, groups, extra } = spec;
    const resourceAttributes = { group: "certificates.k8s.io", resource: "certificatesigningrequests", verb: "create", subresource };
    const review: Pick<SubjectAccessReview, "metadata" | "spec"> = { metadata: {}, spec: { user: username, uid, groups, extra, resourceAttributes } };
    return (await client.create(subjectAccessReviews, review)).status?.allowed ?? false;
  }

  return startController({ name, clock: context.clock, log: context.log, sources: [source(informer)], reconcile });
}

function rightsFor(csr: CertificateSigningRequest, request: CertificateRequest): (keyof typeof RIGHTS)[] {
  if (problemOf(csr, request) !== undefined) return [];
  return csr.spec.username === request.commonName ? ["selfnodeclient", "nodeclient"] : ["nodeclient"];
}

/**
 * Signs approved requests with the cluster's authority.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/certificates/signer/signer.go
 */
import { certificateSigningRequests } from "#api/resources.ts";
import type { CertificateSigningRequest } from "#api/types.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import type { CertificateRequest } from "#lib/certificate-request.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { decodeRequest, hasCondition, isOurs, problemOf } from "./requests.ts";

export interface CertificateToSign {
  request: CertificateRequest;
  /** As Kubernetes writes them: `client auth`. */
  usages: readonly string[];
  notBeforeMs: number;
  /** The authority's own end, if that is sooner. */
  notAfterMs: number;
}

/** Resolves to the certificate in PEM. */
export type SignCertificate = (certificate: CertificateToSign) => Promise<string>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** What upstream's controller manager gives by default, and at most. */
const LONGEST_MS = 365 * 24 * HOUR_MS;
const SHORTEST_MS = 10 * MINUTE_MS;
/** Clocks of others may be somewhat behind. */
const BACKDATE_MS = 5 * MINUTE_MS;
/** Certificates of a shorter life get all of it in spite of the backdating. */
const SHORT_MS = 8 * HOUR_MS;

export function startCertificateSigningController(context: ControllerContext, sign: SignCertificate): Controller {
  const name = "certificatesigningrequest-signing-controller";
  const { client } = component(context, name, "certificate-controller");
  const informer = context.informers.for(certificateSigningRequests);

  async function reconcile(key: string): Promise<void> {
    const csr = informer.get(key);
    if (!csr || !isOurs(csr) || csr.status?.certificate || !hasCondition(csr, "Approved") || hasCondition(csr, "Denied") || hasCondition(csr, "Failed")) return;
    await client.updateStatus(certificateSigningRequests, { ...csr, status: { ...csr.status, ...(await answerTo(csr)) } });
  }

  async function answerTo(csr: CertificateSigningRequest): Promise<CertificateSigningRequest["status"]> {
    const request = decodeRequest(csr);
    const message = problemOf(csr, request);
    if (message !== undefined) {
      const failed = { type: "Failed", status: "True", reason: "SignerValidationFailure", message };
      return { conditions: [...(csr.status?.conditions ?? []), failed] };
    }
    const pem = await sign({ request, usages: csr.spec.usages ?? [], ...validity(csr.spec.expirationSeconds, context.clock.now()) });
    return { certificate: Buffer.from(pem).toString("base64") };
  }

  return startController({ name, clock: context.clock, log: context.log, sources: [source(informer)], reconcile });
}

export function validity(expirationSeconds: number | undefined, nowMs: number): { notBeforeMs: number; notAfterMs: number } {
  const lifeMs = expirationSeconds === undefined ? LONGEST_MS : Math.min(LONGEST_MS, Math.max(SHORTEST_MS, expirationSeconds * 1000));
  return { notBeforeMs: nowMs - BACKDATE_MS, notAfterMs: nowMs + lifeMs - (lifeMs < SHORT_MS ? 0 : BACKDATE_MS) };
}

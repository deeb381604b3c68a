/**
 * Deletes requests that nobody needs any more: answered an hour ago, or not within a day.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/certificates/cleaner/cleaner.go
 */
import { X509Certificate } from "node:crypto";
import { certificateSigningRequests } from "#api/resources.ts";
import type { CertificateSigningRequest } from "#api/types.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { deleteExactly } from "../common/effects.ts";

const HOUR_MS = 60 * 60_000;
const ANSWERED_MS = HOUR_MS;
const PENDING_MS = 24 * HOUR_MS;

export function startCertificateCleanerController(context: ControllerContext): Controller {
  const name = "certificatesigningrequest-cleaner-controller";
  const { client } = component(context, name, "certificate-controller");
  const informer = context.informers.for(certificateSigningRequests);

  async function reconcile(key: string): Promise<number | void> {
    const csr = informer.get(key);
    const endMs = csr && uselessFromMs(csr);
    if (endMs === undefined) return;
    const waitMs = endMs - context.clock.now();
    if (waitMs > 0) return waitMs;
    await deleteExactly(client, certificateSigningRequests, csr!);
  }

  return startController({ name, clock: context.clock, log: context.log, sources: [source(informer)], reconcile });
}

/** When the request can go; undefined while it waits for a signer that isn't ours. */
export function uselessFromMs({ metadata, status }: CertificateSigningRequest): number | undefined {
  const conditions = status?.conditions ?? [];
  if (conditions.length === 0) return Date.parse(metadata.creationTimestamp!) + PENDING_MS;
  const ends = conditions.flatMap(({ type, lastUpdateTime }) => {
    if (type === "Approved" && !status?.certificate) return [];
    return lastUpdateTime ? [Date.parse(lastUpdateTime) + ANSWERED_MS] : [];
  });
  if (status?.certificate) ends.push(expiryMs(status.certificate));
  return ends.length > 0 ? Math.min(...ends) : undefined;
}

/** `Infinity` when it can't be read: then its age decides. */
function expiryMs(certificate: string): number {
  try {
    return Date.parse(new X509Certificate(Buffer.from(certificate, "base64")).validTo);
  } catch {
    return Infinity;
  }
}

/**
 * `kubectl certificate approve`: the approval of a CertificateSigningRequest is written apart from its
 * status, so that who signs can't approve, and who approves can't sign.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/certificates/certificates/strategy.go
 */
import type { HttpResponse } from "#lib/http.ts";
import { toTime, type Clock } from "#lib/clock.ts";
import { invalid } from "#api/errors.ts";
import { validateApprovalUpdate } from "#api/definitions/certificate-signing-request-validation.ts";
import type { CertificateSigningRequest } from "#api/types.ts";
import { checkObject, decodeObject } from "./decode.ts";
import type { Strategy } from "./registry/strategy.ts";
import type { Stored } from "./registry/registry.ts";
import { answerEntry, checksOf, handleGet, readPatch, writeRequest, type Call } from "./resource-handlers.ts";

export function certificateStrategy(clock: Clock): Strategy<CertificateSigningRequest> {
  return {
    statusWritesMetadata: true,
    // The request is as trustworthy as who made it: signers look at these.
    prepareForCreate({ spec }, { user }) {
      delete spec.extra;
      delete spec.uid;
      Object.assign(spec, { username: user.name, groups: user.groups, ...(user.uid ? { uid: user.uid } : {}), ...(user.extra ? { extra: user.extra } : {}) });
    },
    prepareForStatusUpdate: (object, old) => setConditionTimes(object, old, clock),
  };
}

/** GET, PUT and PATCH of `approval`. */
export async function handleApproval(call: Call): Promise<HttpResponse> {
  const { registry, target } = call;
  if (target.verb === "get") return handleGet(call);
  const { clock } = registry.context;
  const request = writeRequest(call);
  let next: (current: Stored) => Stored;
  if (target.verb === "patch") {
    const patch = readPatch(call);
    next = (current) => checkObject(patch(current), [], checksOf(call));
  } else {
    const body = await decodeObject(call.http, checksOf(call));
    next = () => structuredClone(body);
  }
  const entry = await registry.update(
    request,
    target.name,
    (current) => {
      const old = current as unknown as CertificateSigningRequest;
      const { metadata, status } = next(structuredClone(current)) as unknown as CertificateSigningRequest;
      const decided: CertificateSigningRequest = { ...old, metadata, status: { ...old.status, conditions: status?.conditions ?? [] } };
      setConditionTimes(decided, old, clock);
      const errors = validateApprovalUpdate(decided, old);
      if (errors.length > 0) throw invalid({ group: registry.definition.group, resource: registry.definition.kind, name: target.name }, errors);
      return decided;
    },
    { subresource: "approval" },
  );
  return answerEntry(call, 200, entry);
}

function setConditionTimes({ status }: CertificateSigningRequest, old: CertificateSigningRequest, clock: Clock): void {
  const now = toTime(clock.now());
  for (const condition of status?.conditions ?? []) {
    const before = old.status?.conditions?.find(({ type }) => type === condition.type);
    condition.lastUpdateTime ??= now;
    condition.lastTransitionTime ??= before?.status === condition.status ? (before.lastTransitionTime ?? now) : now;
  }
}

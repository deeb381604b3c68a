/**
 * AdmissionReview: the question to a webhook, and its answer.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#webhook-request-and-response
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/webhook/request/admissionreview.go
 */
import type { KubeObject, Status } from "#api/types.ts";
import { namespaceNameOf, type Match } from "../matching.ts";
import type { Attributes } from "../admission.ts";

export const REVIEW_VERSIONS = ["v1", "v1beta1"];

const OPTIONS: Record<string, string | undefined> = { CREATE: "CreateOptions", UPDATE: "UpdateOptions", DELETE: "DeleteOptions" };

/** What CEL knows as `request`, and a webhook gets besides the objects. */
export function requestOf(attributes: Attributes, { definition, kind }: Match) {
  const { operation, subresource, user, dryRun } = attributes;
  const own = attributes.kind ?? attributes.definition;
  const kindOf = ({ group, version, kind: name }: typeof own) => ({ group, version, kind: name });
  const resourceOf = ({ group, version, plural }: typeof definition) => ({ group, version, resource: plural });
  const sub = subresource === "" ? {} : { subResource: subresource, requestSubResource: subresource };
  const namespace = namespaceNameOf(attributes);
  return {
    kind: kindOf(kind),
    resource: resourceOf(definition),
    ...sub,
    requestKind: kindOf(own),
    requestResource: resourceOf(attributes.definition),
    ...(attributes.name ? { name: attributes.name } : {}),
    ...(namespace ? { namespace } : {}),
    operation,
    userInfo: { username: user.name, ...(user.uid ? { uid: user.uid } : {}), groups: user.groups, ...(user.extra ? { extra: user.extra } : {}) },
    dryRun,
    options: optionsOf(attributes),
  };
}

function optionsOf({ operation, options }: Attributes): object | null {
  const kind = OPTIONS[operation];
  return kind ? { kind, apiVersion: "meta.k8s.io/v1", ...options } : null;
}

/** The question, as JSON; `object` and `oldObject` in the version that the webhook knows. */
export function reviewText(version: string, uid: string, attributes: Attributes, match: Match, object: KubeObject | undefined, oldObject: KubeObject | undefined): string {
  const { dryRun, options, ...request } = requestOf(attributes, match);
  return JSON.stringify({
    kind: "AdmissionReview",
    apiVersion: `admission.k8s.io/${version}`,
    request: { uid, ...request, object: object ?? null, oldObject: oldObject ?? null, dryRun, options },
  });
}

export interface ReviewAnswer {
  allowed: boolean;
  /** A JSON Patch, decoded. */
  patch?: unknown;
  status?: Partial<Status>;
  warnings?: string[];
  auditAnnotations?: Record<string, string>;
}

/** Reads an answer; throws an Error that says what is wrong with it. */
export function parseAnswer(text: string, version: string, uid: string, mutating: boolean): ReviewAnswer {
  let review: { kind?: string; apiVersion?: string; response?: RawResponse };
  try {
    review = JSON.parse(text) as typeof review;
  } catch (error) {
    throw new Error(`couldn't get version/kind; json parse error: ${(error as Error).message}`, { cause: error });
  }
  const { response } = review;
  const invalid = (why: string): Error => new Error(`received invalid webhook response: ${why}`);
  if (!response) throw invalid("webhook response was absent");
  const { uid: answered = "", allowed = false, patch, patchType, status, warnings, auditAnnotations } = response;
  if (version === "v1") {
    if (answered !== uid) throw invalid(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(answered)}`);
    const [group = "", given = ""] = (review.apiVersion ?? "").split("/");
    if (review.apiVersion !== "admission.k8s.io/v1" || review.kind !== "AdmissionReview") {
      throw invalid(`expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${group}/${given}, Kind=${review.kind ?? ""}`);
    }
    if (mutating && patch && patchType === undefined) throw invalid("webhook returned response.patch but not response.patchType");
    if (mutating && !patch && patchType !== undefined) throw invalid("webhook returned response.patchType but not response.patch");
    if (mutating && patchType === "") throw invalid('webhook returned invalid response.patchType of ""');
    if (!mutating && patch) throw invalid("validating webhook may not return response.patch");
    if (!mutating && patchType !== undefined) throw invalid("validating webhook may not return response.patchType");
  }
  return {
    allowed,
    ...(patch && mutating ? { patch: decodePatch(patch, patchType ?? "JSONPatch") } : {}),
    ...(status ? { status } : {}),
    ...(warnings ? { warnings } : {}),
    ...(auditAnnotations ? { auditAnnotations } : {}),
  };
}

interface RawResponse {
  uid?: string;
  allowed?: boolean;
  patch?: string;
  patchType?: string;
  status?: Partial<Status>;
  warnings?: string[];
  auditAnnotations?: Record<string, string>;
}

function decodePatch(patch: string, type: string): unknown {
  if (type !== "JSONPatch") throw new Error(`unsupported patch type ${JSON.stringify(type)}`);
  try {
    return JSON.parse(Buffer.from(patch, "base64").toString("utf8"));
  } catch (error) {
    throw new Error(`received undecodable patch in webhook response: ${(error as Error).message}`, { cause: error });
  }
}

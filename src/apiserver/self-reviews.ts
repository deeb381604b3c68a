/**
 * Questions a client asks about itself: `kubectl auth whoami`, `kubectl auth can-i`.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
 */
import type { HttpRequest, HttpResponse } from "#lib/http.ts";
import { toTime } from "#lib/clock.ts";
import { authorize, authorizeResource, rulesOf } from "./authorization.ts";
import { decodeBody } from "./decode.ts";
import type { Verb } from "./request-info.ts";
import { json } from "./response.ts";
import type { User } from "./user.ts";

interface AccessReview {
  spec?: {
    resourceAttributes?: { namespace?: string; verb?: string; group?: string; version?: string; resource?: string; subresource?: string; name?: string };
    nonResourceAttributes?: { path?: string; verb?: string };
  };
}

/** Undefined when the path is none of them. */
export async function handleSelfReview(request: HttpRequest, path: string, user: User, nowMs: number): Promise<HttpResponse | undefined> {
  if (request.method !== "POST") return undefined;
  switch (path) {
    case "/apis/authentication.k8s.io/v1/selfsubjectreviews": {
      const userInfo = { username: user.name, ...(user.uid ? { uid: user.uid } : {}), groups: user.groups, ...(user.extra ? { extra: user.extra } : {}) };
      return json(201, {
        kind: "SelfSubjectReview",
        apiVersion: "authentication.k8s.io/v1",
        metadata: { creationTimestamp: toTime(nowMs) },
        status: { userInfo },
      });
    }
    case "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": {
      const { value } = await decodeBody(request, "Ignore", "io.k8s.api.authorization.v1.SelfSubjectAccessReview");
      const { spec = {} } = value as AccessReview;
      const decision = decide(user, spec);
      return json(201, {
        kind: "SelfSubjectAccessReview",
        apiVersion: "authorization.k8s.io/v1",
        metadata: { creationTimestamp: null },
        spec,
        status: { allowed: decision.allowed, ...(decision.reason ? { reason: decision.reason } : {}) },
      });
    }
    case "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews": {
      const { value } = await decodeBody(request, "Ignore", "io.k8s.api.authorization.v1.SelfSubjectRulesReview");
      return json(201, {
        kind: "SelfSubjectRulesReview",
        apiVersion: "authorization.k8s.io/v1",
        metadata: { creationTimestamp: null },
        spec: (value as { spec?: object }).spec ?? {},
        status: { ...rulesOf(user), incomplete: false },
      });
    }
    default:
      return undefined;
  }
}

function decide(user: User, { resourceAttributes, nonResourceAttributes }: NonNullable<AccessReview["spec"]>) {
  if (nonResourceAttributes) {
    const { path = "", verb = "" } = nonResourceAttributes;
    return authorize(user, { path, verb, query: new URLSearchParams() });
  }
  const { namespace = "", verb = "", group = "", version = "", resource = "", subresource = "", name = "" } = resourceAttributes ?? {};
  return authorizeResource(user, { verb: verb as Verb, group, version, namespace, resource, name, subresource, subpath: "" });
}

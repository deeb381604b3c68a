/**
 * `kubectl create token`: tokens of service accounts for whoever may have them.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/serviceaccount/storage/token.go
 */
import type { HttpResponse } from "#lib/http.ts";
import { toTime } from "#lib/clock.ts";
import { badRequest, conflict, invalid, notFound } from "#api/errors.ts";
import { nodes, pods, secrets } from "#api/resources.ts";
import type { KubeObject, ServiceAccount, TokenRequest } from "#api/types.ts";
import { admitSubresource } from "./admission/subresources.ts";
import type { ServiceAccountTokens, TokenRequestSpec } from "./authentication/service-account-tokens.ts";
import { decodeObject } from "./decode.ts";
import type { Finders } from "./finders.ts";
import { objectOf } from "./registry/registry.ts";
import { checksOf, writeRequest, type Call } from "./resource-handlers.ts";
import { json } from "./response.ts";

const TOKEN_REQUEST = { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest", model: "io.k8s.api.authentication.v1.TokenRequest" };

/** Shortest and longest life of a token that may be asked for, and the usual one. */
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;
const DEFAULT_SECONDS = 3600;

export async function handleTokenRequest(call: Call, tokens: ServiceAccountTokens, find: Finders, issuer: string): Promise<HttpResponse> {
  const { registry, target } = call;
  const account = objectOf<ServiceAccount>(registry.get(target.namespace, target.name));
  const sent = (await decodeObject(call.http, { ...checksOf(call), definition: TOKEN_REQUEST })) as unknown as TokenRequest;
  const asked = { operation: "CREATE", kind: TOKEN_REQUEST, object: sent } as const;
  const request = (await admitSubresource(registry, writeRequest(call), target, asked)) as TokenRequest;
  const { boundObjectRef } = request.spec ?? {};
  const audiences = request.spec?.audiences?.length ? request.spec.audiences : [issuer];
  const expirationSeconds = request.spec?.expirationSeconds ?? DEFAULT_SECONDS;
  validate(expirationSeconds);
  const bound = boundObjectRef ? findBound(account, boundObjectRef, find) : undefined;
  const { token, id, expirationMs } = tokens.issue({ account, audiences, expirationSeconds, bound });
  call.annotate?.("authentication.kubernetes.io/issued-credential-id", `JTI=${id}`);
  const { name, namespace } = account.metadata;
  return json(201, {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { name, namespace, creationTimestamp: toTime(registry.context.clock.now()) },
    spec: { audiences, expirationSeconds, boundObjectRef: boundObjectRef ?? null },
    status: { token, expirationTimestamp: toTime(expirationMs) },
  });
}

function validate(seconds: number): void {
  const why = seconds < MIN_SECONDS ? "may not specify a duration less than 10 minutes" : seconds > MAX_SECONDS ? "may not specify a duration larger than 2^32 seconds" : undefined;
  if (why) throw invalid({ group: TOKEN_REQUEST.group, resource: TOKEN_REQUEST.kind }, [{ field: "spec.expirationSeconds", type: "Invalid", message: `Invalid value: ${seconds}: ${why}` }]);
}

type Reference = NonNullable<TokenRequest["spec"]["boundObjectRef"]>;

function findBound({ metadata }: ServiceAccount, { apiVersion = "", kind = "", name = "", uid }: Reference, find: Finders): NonNullable<TokenRequestSpec["bound"]> {
  const namespace = metadata.namespace!;
  const same = <T extends KubeObject>(plural: string, object: T | undefined): T => {
    if (!object) throw notFound({ resource: plural, name });
    if (uid && uid !== object.metadata.uid) {
      throw conflict({ resource: kind, name }, `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`);
    }
    return object;
  };
  switch (apiVersion === "" || apiVersion === "v1" ? kind : "") {
    case "Pod": {
      const { metadata: { uid: podUid }, spec } = same(pods.plural, find.pod(namespace, name));
      if (spec.serviceAccountName !== metadata.name) {
        throw badRequest(`cannot bind token for serviceaccount ${JSON.stringify(metadata.name)} to pod running with different serviceaccount name.`);
      }
      const node = spec.nodeName ? { name: spec.nodeName, uid: find.object(nodes, "", spec.nodeName)?.metadata.uid ?? "" } : undefined;
      return { kind: "Pod", name, uid: podUid!, node };
    }
    case "Secret":
      return { kind: "Secret", name, uid: same(secrets.plural, find.secret(namespace, name)).metadata.uid! };
    case "Node":
      return { kind: "Node", name, uid: same(nodes.plural, find.object(nodes, "", name)).metadata.uid! };
    default:
      throw badRequest(`cannot bind token for serviceaccount ${JSON.stringify(metadata.name)} to object type ${apiVersion || "/"}, Kind=${kind}`);
  }
}

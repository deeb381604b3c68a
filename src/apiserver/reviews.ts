/**
 * Questions that are created, answered and never stored: who am I, whose token is this, may somebody do that.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
 * @see https://github.com/kubernetes/kubernetes/tree/master/pkg/registry/authorization
 */
import type { HttpResponse } from "#lib/http.ts";
import { toTime } from "#lib/clock.ts";
import { badRequest, invalid } from "#api/errors.ts";
import type { KubeObject, LocalSubjectAccessReview, SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview, TokenReview } from "#api/types.ts";
import type { TokenAuthenticator } from "./authentication/authenticate.ts";
import { exactFields, type Attributes, type Authorizer, type Verdict } from "./authorization/authorizer.ts";
import { decodeObject } from "./decode.ts";
import { checksOf, writeRequest, type Call } from "./resource-handlers.ts";
import { json } from "./response.ts";
import type { Handler } from "./subresource-routes.ts";
import type { User } from "./user.ts";

export interface ReviewContext {
  authorizer: Authorizer;
  tokens: TokenAuthenticator;
  /** Whom tokens are meant for that are meant for this server. */
  audiences: readonly string[];
}

/** The handlers by resource and verb, for the table of routes. */
export function reviewRoutes({ authorizer, tokens, audiences }: ReviewContext): Record<string, Handler> {
  const AUTHORIZATION = "authorization.k8s.io";
  return {
    "selfsubjectreviews.authentication.k8s.io create": async (call) => {
      await readReview(call);
      const { definition, context } = call.registry;
      return answer(call, { kind: definition.kind, apiVersion: "authentication.k8s.io/v1", metadata: { creationTimestamp: toTime(context.clock.now()) }, status: { userInfo: userInfo(call.user) } });
    },

    "tokenreviews.authentication.k8s.io create": async (call) => {
      const review = await readReview<TokenReview>(call);
      const { token, audiences: wanted = [] } = review.spec;
      if (!token) throw badRequest("token is required for TokenReview in authentication");
      return answer(call, { ...review, status: reviewToken(tokens, token, wanted.length > 0 ? wanted : audiences) });
    },

    [`selfsubjectaccessreviews.${AUTHORIZATION} create`]: async (call) => {
      const review = await readReview<SelfSubjectAccessReview>(call);
      return answer(call, { ...review, status: statusOf(authorizer.authorize(call.user, attributesOf(review.spec))) });
    },

    [`subjectaccessreviews.${AUTHORIZATION} create`]: async (call) => {
      const review = await readReview<SubjectAccessReview>(call);
      return answer(call, { ...review, status: statusOf(authorizer.authorize(subjectOf(review.spec), attributesOf(review.spec))) });
    },

    [`localsubjectaccessreviews.${AUTHORIZATION} create`]: async (call) => {
      const review = await readReview<LocalSubjectAccessReview>(call);
      return answer(call, { ...review, status: statusOf(authorizer.authorize(subjectOf(review.spec), attributesOf(review.spec))) });
    },

    [`selfsubjectrulesreviews.${AUTHORIZATION} create`]: async (call) => {
      const review = await readReview<SelfSubjectRulesReview>(call);
      const { namespace = "" } = review.spec;
      if (namespace === "") throw badRequest("no namespace on request");
      return answer(call, { ...review, status: authorizer.rulesOf(call.user, namespace) });
    },
  };
}

/** Decodes, completes and validates what is asked. Throws BadRequest, Invalid. */
async function readReview<T extends KubeObject>(call: Call): Promise<T> {
  const { registry, target, http } = call;
  const { definition } = registry;
  writeRequest(call);
  const review = await decodeObject(http, checksOf(call));
  if (definition.namespaced) {
    if (review.metadata.namespace && review.metadata.namespace !== target.namespace) throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
    review.metadata.namespace = target.namespace;
  }
  definition.setDefaults?.(review);
  const errors = definition.validate?.(review) ?? [];
  if (errors.length > 0) throw invalid({ group: definition.group, resource: definition.kind, name: review.metadata.name }, errors);
  return review as T;
}

function answer({ registry }: Call, review: object): HttpResponse {
  return json(201, { kind: registry.definition.kind, ...review });
}

function userInfo({ name, uid, groups, extra }: User): object {
  return { username: name, ...(uid ? { uid } : {}), groups, ...(extra ? { extra } : {}) };
}

function reviewToken(tokens: TokenAuthenticator, token: string, wanted: readonly string[]): object {
  try {
    const found = tokens(token, wanted);
    if (!found) return { user: {}, error: "invalid bearer token" };
    // A token without audiences of its own is for whomever the server is asked by.
    return { authenticated: true, user: userInfo(found.user), audiences: found.audiences ?? wanted };
  } catch (error) {
    return { user: {}, error: `[invalid bearer token, ${(error as Error).message}]` };
  }
}

type AccessSpec = SelfSubjectAccessReview["spec"];

function attributesOf({ resourceAttributes, nonResourceAttributes }: AccessSpec): Attributes {
  if (nonResourceAttributes) return { verb: nonResourceAttributes.verb ?? "", path: nonResourceAttributes.path ?? "" };
  const { namespace = "", verb = "", group = "", version = "", resource = "", subresource = "", name = "", fieldSelector } = resourceAttributes ?? {};
  const fields = fieldSelector?.rawSelector ? exactFields(fieldSelector.rawSelector) : exactRequirements(fieldSelector?.requirements);
  return { verb, path: "", resource: { namespace, group, version, resource, subresource, name, fields } };
}

function exactRequirements(requirements: { key: string; operator: string; values?: string[] }[] | undefined): Record<string, string> | undefined {
  const exact = (requirements ?? []).filter(({ operator, values }) => operator === "In" && values?.length === 1);
  return exact.length > 0 ? Object.fromEntries(exact.map(({ key, values }) => [key, values![0]!])) : undefined;
}

function subjectOf({ user = "", groups = [], uid, extra }: SubjectAccessReview["spec"]): User {
  return { name: user, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
}

function statusOf({ decision, reason }: Verdict): object {
  return { allowed: decision === "allow", ...(decision === "deny" ? { denied: true } : {}), ...(reason === "" ? {} : { reason }) };
}

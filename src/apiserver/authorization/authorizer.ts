/**
 * Who may do what: the interface of authorizers, and several of them as one.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/authorization/authorizer/interfaces.go
 */
import type { RequestInfo, ResourceRequest } from "../request-info.ts";
import { MASTERS, type User } from "../user.ts";

/** What somebody wants to do. */
export interface Attributes {
  verb: string;
  /** Of requests that are about no resource; empty otherwise. */
  path: string;
  resource?: ResourceAttributes | undefined;
}

export interface ResourceAttributes {
  group: string;
  version: string;
  /** Empty for cluster-scoped objects and for requests across namespaces. */
  namespace: string;
  /** Plural name: `pods`. */
  resource: string;
  subresource: string;
  /** Empty where no single object is meant. */
  name: string;
  /** The fields whose values a list, watch or deletion of many is restricted to. */
  fields?: Readonly<Record<string, string>> | undefined;
}

export interface Verdict {
  /** `no opinion` leaves it to the next authorizer; when none has one, it is a no. */
  decision: "allow" | "deny" | "no opinion";
  /** For the audit log and, with a no, for the user; may be empty. */
  reason: string;
}

/** A user's rights, as SelfSubjectRulesReview lists them. */
export interface UserRules {
  resourceRules: { verbs: string[]; apiGroups?: string[] | undefined; resources?: string[] | undefined; resourceNames?: string[] | undefined }[];
  nonResourceRules: { verbs: string[]; nonResourceURLs?: string[] | undefined }[];
  /** Whether there may be more than is listed. */
  incomplete: boolean;
  /** Why something could not be found out. */
  evaluationError?: string | undefined;
}

export interface Authorizer {
  authorize(user: User, attributes: Attributes): Verdict;
  rulesOf(user: User, namespace: string): UserRules;
}

export const NO_OPINION: Verdict = { decision: "no opinion", reason: "" };
export const ALLOWED: Verdict = { decision: "allow", reason: "" };

/** Members of `system:masters` may do everything, whatever the roles say. */
export const mastersAuthorizer: Authorizer = {
  authorize: ({ groups }) => (groups.includes(MASTERS) ? ALLOWED : NO_OPINION),
  rulesOf: ({ groups }) =>
    groups.includes(MASTERS)
      ? { resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }], nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }], incomplete: false }
      : { resourceRules: [], nonResourceRules: [], incomplete: false },
};

/** Asks one after the other; the first who has an opinion decides. */
export function unionAuthorizer(authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize(user, attributes) {
      const reasons: string[] = [];
      for (const authorizer of authorizers) {
        const verdict = authorizer.authorize(user, attributes);
        if (verdict.decision !== "no opinion") return verdict;
        if (verdict.reason !== "") reasons.push(verdict.reason);
      }
      return { decision: "no opinion", reason: reasons.join("\n") };
    },
    rulesOf(user, namespace) {
      const all = authorizers.map((authorizer) => authorizer.rulesOf(user, namespace));
      const errors = all.flatMap(({ evaluationError }) => evaluationError ?? []);
      return {
        resourceRules: all.flatMap(({ resourceRules }) => resourceRules),
        nonResourceRules: all.flatMap(({ nonResourceRules }) => nonResourceRules),
        incomplete: all.some(({ incomplete }) => incomplete),
        ...(errors.length > 0 ? { evaluationError: errors.join(", ") } : {}),
      };
    },
  };
}

/** Whether a user may do it. */
export function mayDo(authorizer: Authorizer, user: User, attributes: Attributes): boolean {
  return authorizer.authorize(user, attributes).decision === "allow";
}

/** Attributes of a request about a resource that doesn't come from a path: `bind`, `approve`, `impersonate`. */
export function about(verb: string, resource: Partial<ResourceAttributes> & { resource: string }): Attributes {
  return { verb, path: "", resource: { group: "", version: "*", namespace: "", subresource: "", name: "", ...resource } };
}

/** What a request asks for. */
export function attributesOf({ path, query, verb, resource }: RequestInfo): Attributes {
  return resource ? { verb: resource.verb, path: "", resource: resourceAttributes(resource, query) } : { verb, path };
}

const OF_MANY = ["list", "watch", "deletecollection"];

function resourceAttributes({ verb, group, version, namespace, resource, subresource, name }: ResourceRequest, query: URLSearchParams): ResourceAttributes {
  const attributes = { group, version, namespace, resource, subresource, name };
  const selector = OF_MANY.includes(verb) ? query.get("fieldSelector") : null;
  if (!selector) return attributes;
  const fields = exactFields(selector);
  // A list of the one object of a name is about that object.
  return { ...attributes, name: name || (fields["metadata.name"] ?? ""), fields };
}

/** The fields that a selector requires to have one value. What isn't understood restricts nothing. */
export function exactFields(selector: string): Record<string, string> {
  const terms = selector.split(",").flatMap((term) => {
    const match = /^([^=!]+)==?([^=]*)$/.exec(term.trim());
    return match ? [[match[1]!, match[2]!] as const] : [];
  });
  return Object.fromEntries(terms);
}

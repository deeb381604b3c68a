/**
 * Who may do what. Until RBAC is served this is fixed: administrators and the control plane everything,
 * nodes what a kubelet needs, and everyone else, service accounts included, only what Kubernetes grants
 * to every authenticated user: discovery and questions about oneself.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/node/
 */
import { forbidden, StatusError } from "#api/errors.ts";
import type { RequestInfo, ResourceRequest } from "./request-info.ts";
import { AUTHENTICATED, MASTERS, type User } from "./user.ts";

export interface Decision {
  allowed: boolean;
  reason: string;
}

/** Groups whose members may do everything: the one built in, and the one kubeadm gives its administrators. */
const ADMINISTRATORS = [MASTERS, "kubeadm:cluster-admins"];
const NODES = "system:nodes";
const NODE_USER = "system:node:";

/** Paths about the server itself that everyone may read, as upstream's system:public-info-viewer. */
const PUBLIC_PATHS = ["/healthz", "/livez", "/readyz", "/version"];
/** And those that authenticated users may read: system:discovery. */
const DISCOVERY_PATHS = ["/api", "/apis", "/openapi", "/.well-known/openid-configuration", "/openid/v1/jwks"];
/** Questions about oneself: system:basic-user. */
const SELF_REVIEWS = ["selfsubjectreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews"];

/** What a node may read, beyond its own objects. */
const NODE_READS = [
  "configmaps",
  "csinodes",
  "endpoints",
  "endpointslices",
  "namespaces",
  "nodes",
  "persistentvolumeclaims",
  "persistentvolumes",
  "pods",
  "secrets",
  "serviceaccounts",
  "services",
  "storageclasses",
];

export function isPublicPath(path: string): boolean {
  return PUBLIC_PATHS.some((known) => path === known || (path.startsWith(`${known}/`) && known !== "/version"));
}

export function authorize(user: User, info: RequestInfo): Decision {
  if (user.groups.some((group) => ADMINISTRATORS.includes(group))) return { allowed: true, reason: "" };
  if (!info.resource) return nonResource(user, info);
  return authorizeResource(user, info.resource);
}

export function authorizeResource(user: User, request: ResourceRequest): Decision {
  if (user.groups.some((group) => ADMINISTRATORS.includes(group))) return { allowed: true, reason: "" };
  if (user.groups.includes(AUTHENTICATED) && request.verb === "create" && SELF_REVIEWS.includes(request.resource)) {
    return { allowed: true, reason: "" };
  }
  if (user.groups.includes(NODES) && user.name.startsWith(NODE_USER) && nodeMay(user.name.slice(NODE_USER.length), request)) {
    return { allowed: true, reason: "" };
  }
  return { allowed: false, reason: "" };
}

function nonResource(user: User, { path, verb }: RequestInfo): Decision {
  const readable =
    isPublicPath(path) ||
    (user.groups.includes(AUTHENTICATED) && DISCOVERY_PATHS.some((known) => path === known || path.startsWith(`${known}/`)));
  return { allowed: readable && (verb === "get" || verb === "head"), reason: "" };
}

function nodeMay(node: string, { verb, group, resource, subresource, name, namespace }: ResourceRequest): boolean {
  const reads = ["get", "list", "watch"].includes(verb);
  switch (`${resource}${subresource ? `/${subresource}` : ""}`) {
    case "nodes":
    case "nodes/status":
      return reads || verb === "create" || (["update", "patch"].includes(verb) && name === node);
    case "pods":
      return reads || verb === "create" || verb === "delete";
    case "pods/status":
      return reads || verb === "update" || verb === "patch";
    case "events":
      return ["create", "update", "patch"].includes(verb);
    case "leases":
      return group === "coordination.k8s.io" && namespace === "kube-node-lease" && (verb === "create" || name === node);
    case "serviceaccounts/token":
      return verb === "create";
    default:
      return reads && subresource === "" && NODE_READS.includes(resource);
  }
}

/** What a user may do, as rules; for nodes only what everyone may, since their rights depend on names. */
export function rulesOf(user: User): { resourceRules: object[]; nonResourceRules: object[] } {
  const verbs = user.groups.some((group) => ADMINISTRATORS.includes(group)) ? ["*"] : undefined;
  if (verbs) return { resourceRules: [{ verbs, apiGroups: ["*"], resources: ["*"] }], nonResourceRules: [{ verbs, nonResourceURLs: ["*"] }] };
  return {
    resourceRules: [
      { verbs: ["create"], apiGroups: ["authentication.k8s.io"], resources: ["selfsubjectreviews"] },
      { verbs: ["create"], apiGroups: ["authorization.k8s.io"], resources: ["selfsubjectaccessreviews", "selfsubjectrulesreviews"] },
    ],
    nonResourceRules: [{ verbs: ["get"], nonResourceURLs: [...PUBLIC_PATHS, ...DISCOVERY_PATHS.flatMap((path) => [path, `${path}/*`])] }],
  };
}

/** The refusal, in Kubernetes' words. */
export function forbiddenError(user: User, info: RequestInfo): Error {
  const request = info.resource;
  if (!request) return new StatusError(403, "Forbidden", `forbidden: User "${user.name}" cannot ${info.verb} path "${info.path}"`, {});
  const resource = request.subresource ? `${request.resource}/${request.subresource}` : request.resource;
  const where = request.namespace ? `in the namespace "${request.namespace}"` : "at the cluster scope";
  return forbidden(
    { group: request.group, resource: request.resource, name: request.name },
    `User "${user.name}" cannot ${request.verb} resource "${resource}" in API group "${request.group}" ${where}`,
  );
}

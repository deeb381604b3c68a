/**
 * What a request's path and query ask for.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/request/requestinfo.go
 */
export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

export interface RequestInfo {
  path: string;
  query: URLSearchParams;
  /** Lower-case HTTP method for requests that aren't about resources. */
  verb: string;
  /** The rest is set for requests about resources only. */
  resource?: ResourceRequest;
}

export interface ResourceRequest {
  verb: Verb;
  group: string;
  version: string;
  /** Empty for cluster-scoped objects and for requests across namespaces. */
  namespace: string;
  /** Plural name: `pods`. */
  resource: string;
  name: string;
  /** `status`, `log`; empty when the object itself is meant. */
  subresource: string;
  /** What follows `.../proxy/`. */
  subpath: string;
}

/** Subresources of a namespace, which look like namespaced resources in the path. */
const NAMESPACE_SUBRESOURCES = new Set(["status", "finalize"]);

const VERBS: Record<string, Verb> = { GET: "get", HEAD: "get", POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" };

export function requestInfo(method: string, url: string): RequestInfo {
  const queryStart = url.indexOf("?");
  const path = queryStart < 0 ? url : url.slice(0, queryStart);
  const query = new URLSearchParams(queryStart < 0 ? "" : url.slice(queryStart + 1));
  const info: RequestInfo = { path, query, verb: method.toLowerCase() };
  const resource = resourceRequest(method, path, query);
  if (resource) info.resource = resource;
  return info;
}

function resourceRequest(method: string, path: string, query: URLSearchParams): ResourceRequest | undefined {
  const parts = path.split("/").filter((part) => part !== "").map(decode);
  let group = "";
  if (parts[0] === "apis") group = parts[1] ?? "";
  else if (parts[0] !== "api") return undefined;
  const version = parts[parts[0] === "apis" ? 2 : 1];
  const rest = parts.slice(parts[0] === "apis" ? 3 : 2);
  let verb = VERBS[method];
  if (!version || rest.length === 0 || !verb) return undefined;
  if (rest[0] === "watch" && rest.length > 1) {
    // The old path of watches; kept by upstream.
    rest.shift();
    verb = "watch";
  }
  let namespace = "";
  let named = rest;
  if (rest[0] === "namespaces" && rest.length > 1) {
    namespace = rest[1]!;
    if (rest.length > 2 && !NAMESPACE_SUBRESOURCES.has(rest[2]!)) named = rest.slice(2);
  }
  const [resource = "", name = "", subresource = "", ...subpath] = named;
  if (verb === "get" && name === "") verb = isTrue(query.get("watch")) ? "watch" : "list";
  else if (verb === "get" && isTrue(query.get("watch"))) verb = "watch";
  else if (verb === "delete" && name === "") verb = "deletecollection";
  return { verb, group, version, namespace, resource, name, subresource, subpath: subpath.join("/") };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Booleans in queries as Kubernetes reads them: whatever is there is true (`?watch`), but for `false` and `0`. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== "0" && value.toLowerCase() !== "false";
}

/** Which handler answers which verb of which subresource. A new subresource is a line here. */
import type { HttpResponse } from "#lib/http.ts";
import { StatusError } from "#api/errors.ts";
import type { NodeConnector } from "#api/kubelet.ts";
import type { ResourceDefinition } from "#api/scheme.ts";
import type { ServiceAccountTokens } from "./authentication/service-account-tokens.ts";
import type { Catalog } from "./catalog.ts";
import { handleApproval } from "./certificate-approval.ts";
import type { Finders } from "./finders.ts";
import * as resources from "./resource-handlers.ts";
import type { Call } from "./resource-handlers.ts";
import { handleScale } from "./scale.ts";
import { handlePodLog } from "./streaming/log.ts";
import { handlePodProxy, handleServiceProxy } from "./streaming/proxy.ts";
import { isStreamingSubresource } from "./streaming/upgrade.ts";
import { reviewRoutes, type ReviewContext } from "./reviews.ts";
import * as subresources from "./subresources.ts";
import { handleTokenRequest } from "./token-request.ts";

export type Handler = (call: Call) => Promise<HttpResponse> | HttpResponse;

export interface RouteContext {
  catalog: Catalog;
  find: Finders;
  tokens: ServiceAccountTokens;
  issuer: string;
  reviews: ReviewContext;
  nodeConnector: NodeConnector;
}

/** Finds handlers; undefined for what isn't served. Without a subresource: what a kind does in place of the usual. */
export type SubresourceRoutes = (definition: ResourceDefinition, subresource: string, verb: string) => Handler | undefined;

export function subresourceRoutes({ catalog, find, tokens, issuer, reviews, nodeConnector }: RouteContext): SubresourceRoutes {
  const core = (plural: string) => catalog.registry("", "v1", plural)!;
  /** Of single kinds, with any verb or a certain one. */
  const routes: Record<string, Handler> = {
    ...reviewRoutes(reviews),
    "bindings create": (call) => subresources.handleTopLevelBinding(call, core("pods")),
    "pods/log get": (call) => handlePodLog(call, nodeConnector),
    "pods/binding create": subresources.handleBinding,
    "pods/eviction create": (call) => subresources.handleEviction(call, catalog.registry("policy", "v1", "poddisruptionbudgets")!),
    "pods/proxy": (call) => handlePodProxy(call, nodeConnector),
    "services/proxy": (call) =>
      handleServiceProxy(call, { pods: core("pods"), endpointSlices: catalog.registry("discovery.k8s.io", "v1", "endpointslices") }, nodeConnector),
    "namespaces/finalize update": subresources.handleFinalize,
    "serviceaccounts/token create": (call) => handleTokenRequest(call, tokens, find, issuer),
    "certificatesigningrequests.certificates.k8s.io/approval": handleApproval,
  };
  /** Of the status, and of other parts of an object. */
  const onPart: Record<string, Handler> = { get: resources.handleGet, update: resources.handleUpdate, patch: resources.handlePatch };

  return (definition, subresource, verb) => {
    const { group, plural, scale } = definition;
    const resource = group === "" ? plural : `${plural}.${group}`;
    const path = subresource === "" ? resource : `${resource}/${subresource}`;
    const own = routes[`${path} ${verb}`] ?? routes[path];
    if (own) return own;
    if (subresource === "scale" && scale && ["get", "update", "patch"].includes(verb)) return (call) => handleScale(call, scale);
    if ((subresource === "status" && definition.subresources?.includes("status")) || definition.parts?.[subresource]) return onPart[verb];
    if (path.startsWith("pods/") && isStreamingSubresource(subresource)) {
      throw new StatusError(400, "BadRequest", "Upgrade request required");
    }
    return undefined;
  };
}

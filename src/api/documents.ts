/** Every document by which clients learn what is served, bound to one set of definitions. */
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions } from "./discovery.ts";
import { openApiV2, openApiV3, openApiV3Index } from "./openapi/index.ts";
import type { ResourceDefinition } from "./scheme.ts";

/** `serverAddress` is what clients are told to connect to: `127.0.0.1:6443`. */
export function documentsOf(definitions: ResourceDefinition[], serverAddress: string) {
  return {
    apiVersions: () => apiVersions(serverAddress),
    apiGroupList: () => apiGroupList(definitions),
    apiGroup: (group: string) => apiGroup(definitions, group),
    apiResourceList: (groupVersion: string) => apiResourceList(definitions, groupVersion),
    aggregatedDiscovery: (root: "api" | "apis") => aggregatedDiscovery(definitions, root),
    openApiV2: () => openApiV2(definitions),
    openApiV3Index: () => openApiV3Index(definitions),
    openApiV3: (groupVersion: string) => openApiV3(definitions, groupVersion),
  };
}

/**
 * The OpenAPI documents the API server publishes, from the schemas and the definitions. Clients read
 * fields and descriptions from them (`kubectl explain`), how to patch, and what a request may ask for.
 * @see https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition
 */
import { apiVersionOf } from "../resources.ts";
import type { ResourceDefinition } from "../scheme.ts";
import { pathsOf } from "./paths.ts";
import { V2, V3, schemasFor } from "./render.ts";

export { ensureSchemas } from "./schema.ts";

interface Info {
  title: string;
  version: string;
}

const INFO: Info = { title: "Kubernetes", version: "v1.36.0" };

/** `GET /openapi/v2`: everything in one Swagger document. */
export function openApiV2(definitions: readonly ResourceDefinition[]): object {
  return {
    swagger: "2.0",
    info: INFO,
    paths: Object.assign({}, ...definitions.map((definition) => pathsOf(definition, V2))) as object,
    definitions: schemasFor(definitions, V2),
  };
}

/** `GET /openapi/v3`: where each group's document is. The server adds each document's hash. */
export function openApiV3Index(definitions: readonly ResourceDefinition[]): { paths: Record<string, { serverRelativeURL: string }> } {
  const groupVersions = [...new Set(definitions.map(apiVersionOf))];
  const paths = groupVersions.map((groupVersion) => (groupVersion.includes("/") ? `apis/${groupVersion}` : `api/${groupVersion}`));
  return { paths: Object.fromEntries(paths.map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}` }])) };
}

/** `GET /openapi/v3/api/v1`, `GET /openapi/v3/apis/<group>/<version>`; undefined when nothing is served there. */
export function openApiV3(definitions: readonly ResourceDefinition[], groupVersion: string): object | undefined {
  const served = definitions.filter((definition) => apiVersionOf(definition) === groupVersion);
  if (served.length === 0) return undefined;
  return {
    openapi: "3.0.0",
    info: INFO,
    paths: Object.assign({}, ...served.map((definition) => pathsOf(definition, V3))) as object,
    components: { schemas: schemasFor(served, V3) },
  };
}

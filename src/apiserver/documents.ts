/**
 * The documents by which clients learn what is served: discovery, OpenAPI, version.
 * @see https://kubernetes.io/docs/concepts/overview/kubernetes-api/
 */
import { createHash } from "node:crypto";
import type { HttpRequest, HttpResponse } from "#lib/http.ts";
import { notAcceptable } from "#api/errors.ts";
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions, type ForeignVersion } from "#api/discovery.ts";
import { openApiV2, openApiV3, openApiV3Index } from "#api/openapi/index.ts";
import type { ResourceDefinition } from "#api/scheme.ts";
import type { Catalog } from "./catalog.ts";
import { mediaRanges } from "./negotiation.ts";
import { encodeOpenApiV2, OPENAPI_V2_PROTOBUF } from "./protobuf/openapi-v2.ts";
import { json } from "./response.ts";

export const VERSION = {
  major: "1",
  minor: "36",
  emulationMajor: "1",
  emulationMinor: "36",
  minCompatibilityMajor: "1",
  minCompatibilityMinor: "35",
  gitVersion: "v1.36.0",
  gitCommit: "0000000000000000000000000000000000000000",
  gitTreeState: "clean",
  buildDate: "2026-04-22T00:00:00Z",
  goVersion: "tidepool",
  compiler: "v8",
  platform: `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`,
};

const OPENAPI_V2 = "application/com.github.proto-openapi.spec.v2@v1.0+json";
const OPENAPI_V3 = "application/com.github.proto-openapi.spec.v3@v1.0+json";

/** Answers requests for documents. */
export interface DocumentHandler {
  /** Undefined when the path is no document's. Throws NotAcceptable. */
  handle(request: HttpRequest, path: string): HttpResponse | undefined;
}

/** What servers behind this one serve. */
export interface ForeignVersions {
  /** Raised by every change. */
  readonly generation: number;
  versions(): readonly ForeignVersion[];
}

/** `serverAddress` is what clients are told to connect to: `127.0.0.1:6443`. */
export function documentHandler(catalog: Catalog, foreign: ForeignVersions, serverAddress: string): DocumentHandler {
  /** Made when first asked for, and kept until what is served changes: text and tag by name. */
  const rendered = new Map<string, { text: string; etag: string }>();
  let protobuf: Buffer | undefined;
  let definitions: readonly ResourceDefinition[] = [];
  let others: readonly ForeignVersion[] = [];
  let made = "";

  function refresh(): void {
    const current = `${catalog.generation} ${foreign.generation}`;
    if (made === current) return;
    made = current;
    others = foreign.versions();
    definitions = catalog.definitions();
    rendered.clear();
    protobuf = undefined;
  }

  function render(name: string, make: () => object | undefined): { text: string; etag: string } | undefined {
    let known = rendered.get(name);
    if (!known) {
      const document = make();
      if (!document) return undefined;
      const text = JSON.stringify(document);
      known = { text, etag: createHash("sha256").update(text).digest("hex").toUpperCase() };
      rendered.set(name, known);
    }
    return known;
  }

  function answer(request: HttpRequest, name: string, make: () => object | undefined, contentType = "application/json"): HttpResponse | undefined {
    const document = render(name, make);
    if (!document) return undefined;
    const etag = `"${document.etag}"`;
    const headers = { "content-type": contentType, etag, vary: "Accept", "cache-control": "public" };
    if (request.headers["if-none-match"] === etag) return { status: 304, headers, body: "" };
    return { status: 200, headers, body: document.text };
  }

  /** `/api` and `/apis` have an aggregated form, which clients prefer in one of two versions. */
  function root(request: HttpRequest, path: "api" | "apis"): HttpResponse | undefined {
    for (const { type, parameters } of mediaRanges(request.headers["accept"] ?? "*/*")) {
      const { as, g, v } = parameters;
      if (as === "APIGroupDiscoveryList" && g === "apidiscovery.k8s.io" && (v === "v2" || v === "v2beta1") && type === "application/json") {
        const contentType = `application/json;g=apidiscovery.k8s.io;v=${v};as=APIGroupDiscoveryList`;
        return answer(request, `aggregated ${path} ${v}`, () => aggregatedDiscovery(definitions, path, v, path === "apis" ? others : []), contentType);
      }
      if (as === undefined && ["application/json", "application/*", "*/*"].includes(type)) {
        return answer(request, path, () => (path === "api" ? apiVersions(serverAddress) : apiGroupList(definitions, others)));
      }
    }
    throw notAcceptable(["application/json"]);
  }

  function openApi(request: HttpRequest, name: string, make: () => object | undefined, contentType: string): HttpResponse | undefined {
    const accepted = mediaRanges(request.headers["accept"] ?? "*/*").some(({ type }) =>
      ["application/json", "application/*", "*/*", contentType].includes(type),
    );
    // Clients that would rather have protocol buffers fall back when told so.
    if (!accepted) throw notAcceptable(["application/json"]);
    return answer(request, name, make);
  }

  /** Each document's address changes with it, so that clients may keep what they have. */
  function indexWithHashes(): object {
    const paths = Object.entries(openApiV3Index(definitions).paths).map(([path, { serverRelativeURL }]) => {
      const document = render(`openapi v3 ${path}`, () => openApiV3(definitions, groupVersionOf(path)));
      return [path, { serverRelativeURL: `${serverRelativeURL}?hash=${document!.etag}` }] as const;
    });
    // Those of other servers are theirs to make, and to name a hash for.
    const beyond = others.map(({ group, version }) => [`apis/${group}/${version}`, { serverRelativeURL: `/openapi/v3/apis/${group}/${version}` }] as const);
    return { paths: Object.fromEntries([...paths, ...beyond]) };
  }

  function openApiV2Protobuf(request: HttpRequest): HttpResponse {
    protobuf ??= encodeOpenApiV2(openApiV2(definitions));
    const etag = `"${createHash("sha256").update(protobuf).digest("hex").toUpperCase()}"`;
    // As upstream: a media type of its own in the answer, since `@` may not stand in one.
    const headers = { "content-type": OPENAPI_V2_PROTOBUF.replace("@", "."), etag, vary: "Accept", "cache-control": "public" };
    return request.headers["if-none-match"] === etag ? { status: 304, headers, body: "" } : { status: 200, headers, body: protobuf };
  }

  return {
    handle(request, path) {
      refresh();
      const parts = path.split("/").filter((part) => part !== "");
      const [first, second, third] = parts;
      switch (first) {
        case "api":
          if (parts.length === 1) return root(request, "api");
          return parts.length === 2 ? answer(request, path, () => apiResourceList(definitions, second!)) : undefined;
        case "apis":
          if (parts.length === 1) return root(request, "apis");
          if (parts.length === 2) return answer(request, path, () => apiGroup(definitions, second!, others));
          return parts.length === 3 ? answer(request, path, () => apiResourceList(definitions, `${second}/${third}`)) : undefined;
        case "openapi":
          if (path === "/openapi/v2" && prefersProtobuf(request)) return openApiV2Protobuf(request);
          if (path === "/openapi/v2") return openApi(request, path, () => openApiV2(definitions), OPENAPI_V2);
          if (path === "/openapi/v3") return openApi(request, path, indexWithHashes, OPENAPI_V3);
          if (second === "v3" && third) {
            const name = parts.slice(2).join("/");
            return openApi(request, `openapi v3 ${name}`, () => openApiV3(definitions, groupVersionOf(name)), OPENAPI_V3);
          }
          return undefined;
        case "version":
          return parts.length === 1 ? json(200, VERSION) : undefined;
        case undefined:
          return json(200, { paths: ["/api", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"] });
        default:
          return undefined;
      }
    },
  };
}

function prefersProtobuf(request: HttpRequest): boolean {
  return mediaRanges(request.headers["accept"] ?? "*/*")[0]?.type === OPENAPI_V2_PROTOBUF;
}

/** `api/v1` is v1, `apis/apps/v1` is apps/v1. */
function groupVersionOf(path: string): string {
  return path.replace(/^apis?\//, "");
}

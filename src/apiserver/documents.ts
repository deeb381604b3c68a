/**
 * The documents by which clients learn what is served: discovery, OpenAPI, version.
 * @see https://kubernetes.io/docs/concepts/overview/kubernetes-api/
 */
import { createHash } from "node:crypto";
import type { HttpRequest, HttpResponse } from "#lib/http.ts";
import { notAcceptable } from "#api/errors.ts";
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions, type ForeignVersion } from "#api/discovery.ts";
import { openApiV2, openApiV3, openApiV3Index } from "#api/openapi/index.ts";
import { apiVersionOf } from "#api/resources.ts";
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

interface RenderedDocument {
  text: string;
  etag: string;
}

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
  /** Made when first asked for, and kept until what they tell of changes. By name. */
  const rendered = new Map<string, RenderedDocument>();
  const openApiOf = new Map<string, RenderedDocument>();
  let protobuf: Buffer | undefined;
  let definitions: readonly ResourceDefinition[] = [];
  let others: readonly ForeignVersion[] = [];
  let made = "";

  function refresh(): void {
    const current = `${catalog.generation} ${foreign.generation}`;
    if (made === current) return;
    made = current;
    others = foreign.versions();
    const before = definitions;
    definitions = catalog.definitions();
    rendered.clear();
    for (const groupVersion of openApiOf.keys()) if (differs(groupVersion, before, definitions)) openApiOf.delete(groupVersion);
    protobuf = undefined;
  }

  /** Undefined when there is nothing to tell of. */
  function render(kept: Map<string, RenderedDocument>, name: string, make: () => object | undefined): RenderedDocument | undefined {
    let known = kept.get(name);
    if (!known) {
      const document = make();
      if (!document) return undefined;
      const text = JSON.stringify(document);
      known = { text, etag: createHash("sha256").update(text).digest("hex").toUpperCase() };
      kept.set(name, known);
    }
    return known;
  }

  function renderOpenApi(groupVersion: string): RenderedDocument | undefined {
    return render(openApiOf, groupVersion, () => openApiV3(definitions, groupVersion));
  }

  function answer(request: HttpRequest, name: string, make: () => object | undefined, contentType?: string): HttpResponse | undefined {
    return answerWith(request, render(rendered, name, make), contentType);
  }

  function answerWith(request: HttpRequest, document: RenderedDocument | undefined, contentType = "application/json"): HttpResponse | undefined {
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

  function openApi(request: HttpRequest, document: () => RenderedDocument | undefined, contentType: string): HttpResponse | undefined {
    const accepted = mediaRanges(request.headers["accept"] ?? "*/*").some(({ type }) =>
      ["application/json", "application/*", "*/*", contentType].includes(type),
    );
    // Clients that would rather have protocol buffers fall back when told so.
    if (!accepted) throw notAcceptable(["application/json"]);
    return answerWith(request, document());
  }

  /** Each document's address changes with it, so that clients may keep what they have. */
  function indexWithHashes(): object {
    const paths = Object.entries(openApiV3Index(definitions).paths).map(([path, { serverRelativeURL }]) => {
      return [path, { serverRelativeURL: `${serverRelativeURL}?hash=${renderOpenApi(groupVersionOf(path))!.etag}` }] as const;
    });
    // Those of other servers are theirs to make, and to name a hash for.
    const beyond = others.filter(({ stale }) => !stale).map(({ group, version }) => [`apis/${group}/${version}`, { serverRelativeURL: `/openapi/v3/apis/${group}/${version}` }] as const);
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
          if (path === "/openapi/v2") return openApi(request, () => render(rendered, path, () => openApiV2(definitions)), OPENAPI_V2);
          if (path === "/openapi/v3") return openApi(request, () => render(rendered, path, indexWithHashes), OPENAPI_V3);
          if (second === "v3" && third) return openApi(request, () => renderOpenApi(groupVersionOf(parts.slice(2).join("/"))), OPENAPI_V3);
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

/** Whether a group's version has other definitions than before. */
function differs(groupVersion: string, before: readonly ResourceDefinition[], now: readonly ResourceDefinition[]): boolean {
  const [old, current] = [before, now].map((all) => all.filter((definition) => apiVersionOf(definition) === groupVersion)) as [ResourceDefinition[], ResourceDefinition[]];
  return old.length !== current.length || old.some((definition, i) => definition !== current[i]);
}

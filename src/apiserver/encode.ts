/** Stored objects in the form and encoding the client accepts. */
import type { HttpRequest, HttpResponse } from "#lib/http.ts";
import type { ResourceDefinition } from "#api/scheme.ts";
import type { KubeObject } from "#api/types.ts";
import type { Entry } from "#store/index.ts";
import { acceptsGzip, gzippedIfLarge } from "./compression.ts";
import { negotiate, type Accepted } from "./negotiation.ts";
import { objectOf } from "./registry/registry.ts";
import { jsonText } from "./response.ts";
import { bookmarkTable, includeObjectOf, partialMetadata, toTable, type TableOptions } from "./table.ts";

/** How one request wants its answer. */
export interface Encoding extends Accepted {
  table: TableOptions;
  pretty: boolean;
  gzip: boolean;
}

export function encodingOf(request: HttpRequest, query: URLSearchParams, nowMs: number): Encoding {
  const accepted = negotiate(request.headers["accept"]);
  return {
    ...accepted,
    table: { includeObject: accepted.form === "table" ? includeObjectOf(query) : "None", metaVersion: accepted.metaVersion, nowMs, headers: true },
    pretty: accepted.pretty || wantsPretty(request, query),
    gzip: acceptsGzip(request.headers["accept-encoding"]),
  };
}

/** As upstream: on demand, and for people who look with curl or a browser. */
function wantsPretty(request: HttpRequest, query: URLSearchParams): boolean {
  const pretty = query.get("pretty");
  if (pretty) return ["1", "t", "T", "true", "TRUE", "True"].includes(pretty);
  return /^(curl|Wget|Mozilla\/5\.0)/.test(request.headers["user-agent"] ?? "");
}

export function encodeEntry(definition: ResourceDefinition, entry: Entry, encoding: Encoding): string {
  switch (encoding.form) {
    case "object":
      return entry.json;
    case "metadata":
      return JSON.stringify(partialMetadata(objectOf(entry), encoding.metaVersion));
    case "table": {
      const object = objectOf(entry);
      return JSON.stringify(toTable(definition, [object], { resourceVersion: object.metadata.resourceVersion }, encoding.table));
    }
  }
}

/** What a watch sends between changes: an object of the kind, with nothing in it but a resourceVersion. */
export function encodeBookmark(definition: ResourceDefinition, object: KubeObject, encoding: Encoding): string {
  switch (encoding.form) {
    case "object":
      return JSON.stringify(object);
    case "metadata":
      return JSON.stringify(partialMetadata(object, encoding.metaVersion));
    case "table":
      return JSON.stringify(bookmarkTable(definition, object, encoding.table));
  }
}

/** An answer of JSON text in the encoding asked for. */
export async function respond(status: number, text: string, encoding: Pick<Encoding, "encoding" | "pretty" | "gzip">): Promise<HttpResponse> {
  if (encoding.encoding === "yaml") {
    const { toYaml } = await import("./yaml.ts");
    return answer(status, toYaml(JSON.parse(text)), encoding);
  }
  return answer(status, encoding.pretty ? `${JSON.stringify(JSON.parse(text), null, 2)}\n` : text, encoding);
}

/** An answer that is encoded already but for its compression. */
export function answer(status: number, body: HttpResponse["body"], { encoding, gzip }: Pick<Encoding, "encoding" | "gzip">): HttpResponse {
  const response = jsonText(status, body);
  if (encoding === "yaml") response.headers["content-type"] = "application/yaml";
  return gzip ? gzippedIfLarge(response) : response;
}

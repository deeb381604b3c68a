/** Stored objects in the form and encoding the client accepts. */
import type { HttpRequest, HttpResponse } from "#lib/http.ts";
import { apiVersionOf } from "#api/resources.ts";
import type { ResourceDefinition } from "#api/scheme.ts";
import type { Entry } from "#store/index.ts";
import { negotiate, type Accepted } from "./negotiation.ts";
import { objectOf } from "./registry/registry.ts";
import type { Page } from "./registry/list.ts";
import { jsonText } from "./response.ts";
import { includeObjectOf, partialMetadata, toTable, type TableOptions } from "./table.ts";

/** How one request wants its answer. */
export interface Encoding extends Accepted {
  table: TableOptions;
  pretty: boolean;
}

export function encodingOf(request: HttpRequest, query: URLSearchParams, nowMs: number): Encoding {
  const accepted = negotiate(request.headers["accept"]);
  return {
    ...accepted,
    table: { includeObject: accepted.form === "table" ? includeObjectOf(query) : "None", metaVersion: accepted.metaVersion, nowMs, headers: true },
    pretty: wantsPretty(request, query),
  };
}

/** As upstream: on demand, and for people who look with curl or a browser. */
function wantsPretty(request: HttpRequest, query: URLSearchParams): boolean {
  const pretty = query.get("pretty");
  if (pretty !== null) return pretty !== "false" && pretty !== "0";
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

export function encodePage(definition: ResourceDefinition, { entries, metadata }: Page, encoding: Encoding): string {
  if (encoding.form === "table") return JSON.stringify(toTable(definition, entries.map((entry) => objectOf(entry)), metadata, encoding.table));
  const items = entries.map((entry) => encodeEntry(definition, entry, encoding)).join(",");
  const [kind, apiVersion] =
    encoding.form === "metadata"
      ? ["PartialObjectMetadataList", `meta.k8s.io/${encoding.metaVersion}`]
      : [`${definition.kind}List`, apiVersionOf(definition)];
  return `{"kind":"${kind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[${items}]}`;
}

/** An answer of JSON text in the encoding asked for. */
export async function respond(status: number, text: string, encoding: Pick<Encoding, "encoding" | "pretty">): Promise<HttpResponse> {
  if (encoding.encoding === "yaml") {
    const { toYaml } = await import("./yaml.ts");
    const response = jsonText(status, toYaml(JSON.parse(text)));
    response.headers["content-type"] = "application/yaml";
    return response;
  }
  return jsonText(status, encoding.pretty ? `${JSON.stringify(JSON.parse(text), null, 2)}\n` : text);
}

/**
 * Which form of an answer the client accepts: the object, a Table, its metadata alone; JSON or YAML.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/handlers/negotiation/negotiate.go
 */
import { notAcceptable, StatusError } from "#api/errors.ts";

export type Form = "object" | "table" | "metadata";

export interface Accepted {
  form: Form;
  encoding: "json" | "yaml";
  /** The version of meta.k8s.io asked for with a Table or PartialObjectMetadata. */
  metaVersion: "v1" | "v1beta1";
  /** Indented, for people: `application/json;pretty=1`. */
  pretty: boolean;
  /** A list's metadata was asked for, not one object's; undefined unless the form is `metadata`. */
  metadataOfList?: boolean | undefined;
}

interface MediaRange {
  type: string;
  parameters: Record<string, string>;
  quality: number;
}

const PLAIN: Accepted = { form: "object", encoding: "json", metaVersion: "v1", pretty: false };
const OFFERED = ["application/json", "application/yaml"];
const OFFERED_STREAMS = ["application/json;stream=watch"];

/** The first form in the client's order that is served here. Throws NotAcceptable. */
export function negotiate(accept: string | undefined): Accepted {
  if (!accept || accept === "application/json" || accept === "*/*") return PLAIN;
  for (const { type, parameters } of mediaRanges(accept)) {
    const encoding = encodingOf(type);
    const form = formOf(parameters);
    if (!encoding || !form || (parameters["stream"] ?? "watch") !== "watch") continue;
    return {
      form,
      encoding,
      metaVersion: parameters["v"] === "v1beta1" ? "v1beta1" : "v1",
      pretty: parameters["pretty"] === "1",
      ...(form === "metadata" ? { metadataOfList: parameters["as"] === "PartialObjectMetadataList" } : {}),
    };
  }
  throw notAcceptable(OFFERED);
}

/** Throws NotAcceptable when a watch can't be streamed in what was negotiated. */
export function checkStreamable({ encoding }: Accepted): void {
  if (encoding !== "json") throw notAcceptable(OFFERED_STREAMS);
}

/** Throws NotAcceptable when the metadata of a list is asked of one object, or the other way round. `type` is what Go calls it. */
export function checkMetadataForm({ metadataOfList }: Accepted, isList: boolean, type: string): void {
  if (metadataOfList === undefined || metadataOfList === isList) return;
  const why = isList
    ? `you requested PartialObjectMetadata, but the requested object is a list (${type})`
    : `you requested PartialObjectMetadataList, but the requested object is not a list (${type})`;
  throw new StatusError(406, "NotAcceptable", why);
}

/** The media ranges of an Accept header, best first. */
export function mediaRanges(accept: string): MediaRange[] {
  return accept
    .split(",")
    .map((range) => {
      const [type = "", ...rest] = range.split(";").map((part) => part.trim());
      const parameters = Object.fromEntries(rest.map((part) => part.split("=", 2).map((side) => side.trim()) as [string, string]));
      return { type, parameters, quality: Number(parameters["q"] ?? 1) };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
}

function encodingOf(type: string): Accepted["encoding"] | undefined {
  if (type === "application/json" || type === "*/*" || type === "application/*") return "json";
  return type === "application/yaml" ? "yaml" : undefined;
}

function formOf({ as, g, v }: Record<string, string>): Form | undefined {
  if (as === undefined) return "object";
  if (g !== "meta.k8s.io" || (v !== "v1" && v !== "v1beta1")) return undefined;
  if (as === "Table") return "table";
  return as === "PartialObjectMetadata" || as === "PartialObjectMetadataList" ? "metadata" : undefined;
}

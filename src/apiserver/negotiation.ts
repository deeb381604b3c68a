/**
 * Which form of an answer the client accepts: the object, a Table, its metadata alone; JSON or YAML.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/handlers/negotiation/negotiate.go
 */
import { notAcceptable } from "#api/errors.ts";

export type Form = "object" | "table" | "metadata";

export interface Accepted {
  form: Form;
  encoding: "json" | "yaml";
  /** The version of meta.k8s.io asked for with a Table or PartialObjectMetadata. */
  metaVersion: "v1" | "v1beta1";
}

interface MediaRange {
  type: string;
  parameters: Record<string, string>;
  quality: number;
}

const PLAIN: Accepted = { form: "object", encoding: "json", metaVersion: "v1" };
const OFFERED = ["application/json", "application/yaml"];

/** The first form in the client's order that is served here. Throws NotAcceptable. */
export function negotiate(accept: string | undefined): Accepted {
  if (!accept || accept === "application/json" || accept === "*/*") return PLAIN;
  for (const { type, parameters } of mediaRanges(accept)) {
    const encoding = encodingOf(type);
    const form = formOf(parameters);
    if (encoding && form) return { form, encoding, metaVersion: parameters["v"] === "v1beta1" ? "v1beta1" : "v1" };
  }
  throw notAcceptable(OFFERED);
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

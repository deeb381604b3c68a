/**
 * Label and field selectors of lists and watches.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/storage/selection_predicate.go
 */
import { matches, matchesFields, parseFieldSelector, parseLabelSelector, SelectorError, type Requirement } from "#lib/selectors.ts";
import { badRequest } from "#api/errors.ts";
import type { ResourceDefinition } from "#api/scheme.ts";
import type { KubeObject } from "#api/types.ts";
import type { Entry } from "#store/index.ts";
import { objectOf } from "./registry.ts";

/** Which objects a request is about. */
export interface Selector {
  /** Whether it takes everything. */
  readonly all: boolean;
  /** The one name it takes, where it takes only one. */
  readonly name?: string | undefined;
  matches(entry: Entry): boolean;
}

export const EVERYTHING: Selector = { all: true, matches: () => true };

/** The selector of a query, or of one name in the path. Throws BadRequest. */
export function selectorOf(definition: ResourceDefinition, query: URLSearchParams, pathName = ""): Selector {
  const labelText = query.get("labelSelector") ?? "";
  const fieldText = query.get("fieldSelector") ?? "";
  if (labelText === "" && fieldText === "" && pathName === "") return EVERYTHING;
  let labels: Requirement[];
  let fields: Requirement[];
  try {
    labels = parseLabelSelector(labelText);
    fields = parseFieldSelector(fieldText);
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
  const known = knownFields(definition);
  for (const { key } of fields) {
    if (!known.has(key)) throw badRequest(`field label not supported: ${key}`);
  }
  const name = nameOf(fields);
  if (pathName !== "") {
    if (fields.length > 0 && name !== pathName) throw badRequest("fieldSelector metadata.name doesn't match requested name");
    fields.push({ key: "metadata.name", operator: "In", values: [pathName] });
  }
  return {
    all: false,
    name: pathName || name,
    matches(entry) {
      const object = objectOf(entry);
      return matches(labels, object.metadata.labels) && (fields.length === 0 || matchesFields(fields, fieldsOf(definition, object)));
    },
  };
}

function nameOf(fields: Requirement[]): string | undefined {
  const exact = fields.find(({ key, operator, values }) => key === "metadata.name" && operator === "In" && values?.length === 1);
  return exact?.values?.[0];
}

function fieldsOf(definition: ResourceDefinition, object: KubeObject): Record<string, string> {
  const { name = "", namespace = "" } = object.metadata;
  return { "metadata.name": name, "metadata.namespace": namespace, ...definition.fields?.(object) };
}

/** The selectable fields: those that an empty object shows. */
function knownFields(definition: ResourceDefinition): Set<string> {
  const empty = { apiVersion: "", kind: definition.kind, metadata: {}, spec: {}, status: {}, involvedObject: {} };
  return new Set(Object.keys(fieldsOf(definition, empty)));
}

/**
 * YAML as Kubernetes reads it (YAML 1.1 booleans and octals; dates stay text).
 * @see https://github.com/kubernetes-sigs/yaml
 */
import { parseDocument, stringify, visit } from "yaml";
import { badRequest } from "#api/errors.ts";
import { errorMessage } from "#lib/log.ts";

export function parseYaml(text: string): { value: unknown; duplicates: string[] } {
  const document = parseDocument(text, {
    version: "1.1",
    customTags: (tags) => tags.filter((tag) => typeof tag === "string" || tag.tag !== "tag:yaml.org,2002:timestamp"),
    uniqueKeys: false,
  });
  if (document.errors.length > 0) throw badRequest(`error converting YAML to JSON: yaml: ${document.errors[0]!.message}`);
  const duplicates: string[] = [];
  visit(document, {
    Map(_, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const name = String(key);
        if (seen.has(name)) duplicates.push(`key "${name}" already set in map`);
        seen.add(name);
      }
    },
  });
  return { value: toValue(document), duplicates };
}

/** Throws BadRequest on aliases that would unfold to something huge. */
function toValue(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw badRequest(`error converting YAML to JSON: yaml: ${errorMessage(error)}`);
  }
}

export function toYaml(value: unknown): string {
  return stringify(value, { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false });
}

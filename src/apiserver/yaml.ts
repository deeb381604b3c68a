/**
 * YAML as Kubernetes reads it (YAML 1.1 booleans and octals; dates stay text).
 * @see https://github.com/kubernetes-sigs/yaml
 */
import { Lexer, parseDocument, stringify, visit } from "yaml";
import { badRequest } from "#api/errors.ts";
import { errorMessage } from "#lib/log.ts";

/** Deepest nesting that is read, well within the stack. go-yaml has such a limit too, 10,000. */
const MAX_DEPTH = 500;
/** The parser looks for an alias's anchor through all of the document: the most steps of that kind, about a second. */
const MAX_ALIAS_STEPS = 5_000_000;

/** Throws BadRequest on what is no YAML, or is made to keep the parser busy: too deep, or too many aliases. */
export function parseYaml(text: string): { value: unknown; duplicates: string[] } {
  checkEffort(text);
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

/** Looks at the tokens alone, which takes little time whatever they are. */
function checkEffort(text: string): void {
  let flowDepth = 0;
  let lineDepth = 0; // of "- - - a" and "? ? a", which nest within a line
  let tokens = 0;
  let aliases = 0;
  let isScalar = false;
  for (const token of new Lexer().lex(text)) {
    tokens++;
    if (isScalar) isScalar = false;
    else if (token === "\x1f") isScalar = true;
    else if (token === "[" || token === "{") flowDepth++;
    else if (token === "]" || token === "}") flowDepth--;
    else if (token === "-" || token === "?") lineDepth++;
    else if (token === "\n" || token === "\r\n") lineDepth = 0;
    else if (token.startsWith("*")) aliases++;
    if (flowDepth > MAX_DEPTH || lineDepth > MAX_DEPTH) throw badRequest(`error converting YAML to JSON: yaml: exceeded max depth of ${MAX_DEPTH}`);
  }
  if (aliases * tokens > MAX_ALIAS_STEPS) throw badRequest("error converting YAML to JSON: yaml: document contains excessive aliasing");
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

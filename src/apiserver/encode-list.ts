/**
 * Lists in the form and encoding the client accepts. A long one is made in chunks as its reader takes them:
 * it never exists as a whole, and others have their turn between two chunks.
 */
import type { HttpResponse } from "#lib/http.ts";
import { nextTurn } from "#lib/turn.ts";
import { apiVersionOf } from "#api/resources.ts";
import { listKindOf } from "#api/scheme.ts";
import type { Entry } from "#store/index.ts";
import { answer, encodeEntry, type Encoding } from "./encode.ts";
import { checkMetadataForm } from "./negotiation.ts";
import { selected, type Page } from "./registry/list.ts";
import { objectOf, type Registry } from "./registry/registry.ts";
import { tableHead, tableRow } from "./table.ts";

/** Of one chunk: what a client takes in one go, about a millisecond's work. */
const CHUNK_CHARACTERS = 128 * 1024;
/** Looked at for one chunk: a selector may leave out most of them. */
const CHUNK_ENTRIES = 256;

/** What surrounds the items of a list, and how one becomes text. */
interface Frame {
  open: string;
  separator: string;
  close: string;
  /** The whole list when it has no items. */
  empty: string;
  item: (json: string) => string;
}

export async function respondWithList(registry: Registry, page: Page, encoding: Encoding): Promise<HttpResponse> {
  checkMetadataForm(encoding, true, `*${registry.definition.group.split(".")[0] || "core"}.${listKindOf(registry.definition)}`);
  const { head, items, item } = shapeOf(registry, page, encoding);
  const chunks = chunksOf(await frameOf(head, items, encoding), texts(registry, page, item));
  const first = chunks.next();
  if (first.done) throw new Error("a list has at least one chunk");
  const second = chunks.next();
  if (second.done) return answer(200, first.value, encoding);
  return answer(200, streamed([first.value, second.value], chunks), encoding);
}

async function* streamed(made: string[], rest: Iterable<string>): AsyncGenerator<string> {
  for (const chunk of made) if (chunk !== "") yield chunk;
  for (const chunk of rest) {
    if (chunk !== "") yield chunk;
    await nextTurn();
  }
}

/** The JSON of each entry of the page; undefined for those that don't belong to it. */
function* texts(registry: Registry, page: Page, item: (entry: Entry) => string): Generator<string | undefined> {
  for (const entry of selected(registry, page)) yield entry && item(entry);
}

interface Shape {
  /** The list without its items. */
  head: object;
  /** The field that holds them. */
  items: "items" | "rows";
  item: (entry: Entry) => string;
}

function shapeOf({ definition }: Registry, { metadata }: Page, encoding: Encoding): Shape {
  const item = (entry: Entry): string => encodeEntry(definition, entry, encoding);
  switch (encoding.form) {
    case "object":
      return { head: { kind: listKindOf(definition), apiVersion: apiVersionOf(definition), metadata }, items: "items", item };
    case "metadata":
      return { head: { kind: "PartialObjectMetadataList", apiVersion: `meta.k8s.io/${encoding.metaVersion}`, metadata }, items: "items", item };
    case "table":
      return { head: tableHead(definition, metadata, encoding.table), items: "rows", item: (entry) => JSON.stringify(tableRow(definition, objectOf(entry), encoding.table)) };
  }
}

async function frameOf(head: object, items: string, { encoding, pretty }: Encoding): Promise<Frame> {
  if (encoding === "yaml") {
    const { toYaml } = await import("./yaml.ts");
    const open = toYaml(head);
    const field = `${items}:\n`;
    return { open: open + field, separator: "", close: "", empty: `${open}${items}: []\n`, item: (json) => toYaml({ [items]: [JSON.parse(json)] }).slice(field.length) };
  }
  if (pretty) {
    const open = `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "${items}": [`;
    return {
      open,
      separator: ",",
      close: "\n  ]\n}\n",
      empty: `${open}]\n}\n`,
      item: (json) => `\n    ${JSON.stringify(JSON.parse(json), null, 2).replaceAll("\n", "\n    ")}`,
    };
  }
  const open = `${JSON.stringify(head).slice(0, -1)},"${items}":[`;
  return { open, separator: ",", close: "]}", empty: `${open}]}`, item: (json) => json };
}

/** The list in chunks of a bounded size, or empty ones where little was found among many. */
function* chunksOf({ open, separator, close, empty, item }: Frame, items: Iterable<string | undefined>): Generator<string> {
  let parts: string[] = [];
  let characters = 0;
  let looked = 0;
  let none = true;
  for (const json of items) {
    looked++;
    if (json !== undefined) {
      const text = (none ? open : separator) + item(json);
      none = false;
      characters += text.length;
      parts.push(text);
    }
    if (characters < CHUNK_CHARACTERS && looked < CHUNK_ENTRIES) continue;
    yield parts.join("");
    parts = [];
    characters = looked = 0;
  }
  yield none ? empty : parts.join("") + close;
}

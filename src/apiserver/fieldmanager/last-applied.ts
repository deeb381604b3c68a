/**
 * The way from client-side to server-side apply, and back: kubectl's annotation of what it applied last.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/util/managedfields/internal/lastappliedmanager.go
 */
import type { KubeObject } from "#api/types.ts";
import { compare } from "./compare.ts";
import { difference, type FieldSet } from "./field-set.ts";
import { fieldSetOf } from "./field-set-of.ts";
import { isMap, SchemaMismatch, type Json } from "./typed.ts";
import type { Typed } from "./updater.ts";
import { validate } from "./validate.ts";

const ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration";
/** All annotations together, in bytes. */
const MAX_ANNOTATIONS = 256 * 1024;

const annotationsOf = (object: Json): Record<string, string> | undefined => (object.metadata as KubeObject["metadata"] | undefined)?.annotations;

/** The fields that kubectl applied from the client's side and nobody has changed since; undefined when it hasn't, or that isn't known. */
export function allowedByLastApplied(live: Typed): FieldSet | undefined {
  const annotation = annotationsOf(live.value)?.[ANNOTATION];
  if (!annotation) return undefined;
  try {
    const last: unknown = JSON.parse(annotation);
    if (!isMap(last) || last.apiVersion !== live.apiVersion) return undefined;
    validate(live.schema, last);
    const { added, modified, removed } = compare(live.schema, last, live.value);
    return difference(difference(difference(fieldSetOf(live.schema, last), modified), added), removed);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof SchemaMismatch) return undefined;
    throw error;
  }
}

/** Keeps the annotation true where there is one: who goes back to client-side apply finds what was applied last. Changes `object`. */
export function updateLastApplied(object: KubeObject, config: Json): KubeObject {
  const { annotations } = object.metadata;
  if (!annotations?.[ANNOTATION]) return object;
  annotations[ANNOTATION] = `${JSON.stringify(sorted(withoutAnnotation(config)))}\n`;
  const bytes = Object.entries(annotations).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  if (bytes > MAX_ANNOTATIONS) delete annotations[ANNOTATION];
  return object;
}

function withoutAnnotation(config: Json): Json {
  const annotations = annotationsOf(config);
  if (!annotations) return config;
  const { [ANNOTATION]: _, ...others } = annotations;
  return { ...config, metadata: { ...(config.metadata as object), annotations: others } };
}

/** As Go writes maps: in the order of their keys. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]));
}

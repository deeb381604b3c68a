/** What tests of definitions share: objects as a client writes them, and what becomes of them. */
import { prune } from "../openapi/decode.ts";
import { apiVersionOf } from "../resources.ts";
import type { ResourceDefinition } from "../scheme.ts";
import type { KubeObject } from "../types.ts";
import { definitions } from "./index.ts";

/** The definition of a kind: `Pod`, or `Event.events.k8s.io` where several groups have one. */
export function definitionOf(kind: string): ResourceDefinition {
  const [name, ...group] = kind.split(".");
  const found = definitions.find((known) => known.kind === name && (group.length === 0 || known.group === group.join(".")));
  if (!found) throw new Error(`there is no kind ${kind}`);
  return found;
}

/** The object as it is read from a request, with its defaults. */
export function decoded(kind: string, object: object): KubeObject {
  const definition = definitionOf(kind);
  const metadata = { name: "x", ...(definition.namespaced ? { namespace: "default" } : {}) };
  const whole = { apiVersion: apiVersionOf(definition), kind: definition.kind, metadata, ...structuredClone(object) } as KubeObject;
  prune(definition.model, whole);
  definition.setDefaults!(whole);
  return whole;
}

function texts(errors: { field: string; message: string }[]): string[] {
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

/** The errors of creating the object. */
export function creating(kind: string, object: object): string[] {
  const definition = definitionOf(kind);
  const whole = decoded(kind, object);
  definition.prepareForCreate?.(whole);
  return texts(definition.validate!(whole));
}

/** The errors of replacing `old` by `object`. */
export function updating(kind: string, old: object, object: object): string[] {
  const definition = definitionOf(kind);
  const before = decoded(kind, old);
  const after = decoded(kind, object);
  definition.prepareForUpdate?.(after, before);
  return texts([...definition.validate!(after, before), ...(definition.validateUpdate?.(after, before) ?? [])]);
}

/** The errors of writing a status. */
export function updatingStatus(kind: string, old: object, object: object): string[] {
  return texts(definitionOf(kind).validateStatusUpdate!(decoded(kind, object), decoded(kind, old)));
}

/** What is stored when a client creates this, without what every object has. */
export function created(kind: string, object: object): object {
  const whole = decoded(kind, { metadata: { name: "x" }, ...object });
  definitionOf(kind).prepareForCreate?.(whole);
  const { apiVersion: _, kind: __, ...rest } = whole;
  return JSON.parse(JSON.stringify(rest)) as object;
}

/** When {@link rowOf} looks at objects; they are 90 seconds old. */
export const NOW = Date.UTC(2026, 0, 2);
export const ago = (seconds: number): string => `${new Date(NOW - seconds * 1000).toISOString().slice(0, 19)}Z`;

/** The row that `kubectl get -o wide` shows, by column. */
export function rowOf(kind: string, object: object): Record<string, unknown> {
  const definition = definitionOf(kind);
  const whole = { apiVersion: apiVersionOf(definition), kind: definition.kind, metadata: { name: "x", creationTimestamp: ago(90) }, ...object } as KubeObject;
  return Object.fromEntries(definition.columns!.map(({ name, cell }) => [name, cell(whole, NOW)]));
}

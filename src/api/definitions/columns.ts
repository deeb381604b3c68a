/**
 * Building blocks of `kubectl get`'s tables.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/printers/internalversion/printers.go
 */
import type { Column } from "../scheme.ts";
import type { KubeObject, LabelSelector, PodSpec } from "../types.ts";

export const NONE = "<none>";
export const UNSET = "<unset>";
export const UNKNOWN = "<unknown>";

/** Every table's first column. */
export function nameColumn<T extends KubeObject>(cell: (object: T) => string = (object) => object.metadata.name!): Column<T> {
  return {
    name: "Name",
    type: "string",
    format: "name",
    description: "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names",
    cell,
  };
}

export function ageColumn<T extends KubeObject>(): Column<T> {
  return {
    name: "Age",
    type: "string",
    description: "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
    cell: (object, nowMs) => since(object.metadata.creationTimestamp, nowMs),
  };
}

/** A column of text. */
export function column<T extends KubeObject>(name: string, description: string, cell: (object: T, nowMs: number) => string): Column<T> {
  return { name, type: "string", description, cell };
}

/** A column of whole numbers. */
export function countColumn<T extends KubeObject>(name: string, description: string, cell: (object: T) => number): Column<T> {
  return { name, type: "integer", description, cell };
}

/** The same where upstream says that it is text, and sends numbers. */
export function countTextColumn<T extends KubeObject>(name: string, description: string, cell: (object: T) => number): Column<T> {
  return { name, type: "string", description, cell };
}

/** A column of `true` and `false`. */
export function booleanColumn<T extends KubeObject>(name: string, description: string, cell: (object: T) => boolean): Column<T> {
  return { name, type: "boolean", description, cell };
}

/** A column that shows with `-o wide` only. */
export function wide<T extends KubeObject>(shown: Column<T>): Column<T> {
  return { ...shown, priority: 1 };
}

/** The wide columns of kinds with a pod template. */
export function templateColumns<T extends KubeObject>(templateOf: (object: T) => PodSpec | undefined): Column<T>[] {
  return [
    wide(column("Containers", "Names of each container in the template.", (object) => joined(templateOf(object)?.containers.map(({ name }) => name)))),
    wide(column("Images", "Images referenced by each container in the template.", (object) => joined(templateOf(object)?.containers.map(({ image }) => image ?? "")))),
  ];
}

function joined(texts: string[] | undefined): string {
  return texts?.join(",") ?? "";
}

/** The time since a timestamp as an age; `<unknown>` without one. */
export function since(timestamp: string | undefined | null, nowMs: number): string {
  return timestamp ? humanDuration(nowMs - Date.parse(timestamp)) : UNKNOWN;
}

/**
 * A duration with at most two units, the coarser the longer it is: `5s`, `3m10s`, `2h`, `5d3h`.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/util/duration/duration.go
 */
export function humanDuration(durationMs: number): string {
  const seconds = Math.trunc(durationMs / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return units(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return units(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return units(days, "d", hours % 24, "h");
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? units(years, "y", days % 365, "d") : `${years}y`;
}

function units(coarse: number, coarseUnit: string, fine: number, fineUnit: string): string {
  return fine === 0 ? `${coarse}${coarseUnit}` : `${coarse}${coarseUnit}${fine}${fineUnit}`;
}

/** Labels or a map selector as `a=b,c=d`, sorted; `<none>` without any. */
export function labelsText(labels: Record<string, string> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length > 0 ? pairs.sort().join(",") : NONE;
}

/** A label selector as text: `app=web,tier in (a,b),!legacy`; `<none>` when it is empty. */
export function selectorText(selector: LabelSelector | undefined): string {
  const requirements = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({ key, text: `${key}=${value}` }));
  for (const { key, operator, values = [] } of selector?.matchExpressions ?? []) {
    const set = `(${[...values].sort().join(",")})`;
    const text = { In: `${key} in ${set}`, NotIn: `${key} notin ${set}`, Exists: key, DoesNotExist: `!${key}` }[operator] ?? key;
    requirements.push({ key, text });
  }
  requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return requirements.map(({ text }) => text).join(",") || NONE;
}

/** The first three of many, and how many more: `a,b,c + 2 more...`. */
export function firstThree(texts: string[]): string {
  return texts.length > 3 ? `${texts.slice(0, 3).join(",")} + ${texts.length - 3} more...` : texts.join(",");
}

const ACCESS_MODES = { ReadWriteOnce: "RWO", ReadOnlyMany: "ROX", ReadWriteMany: "RWX", ReadWriteOncePod: "RWOP" };

/** Access modes in Kubernetes' abbreviations and order: `RWO,RWX`. */
export function accessModesText(modes: string[] | undefined): string {
  return Object.entries(ACCESS_MODES)
    .filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(",");
}

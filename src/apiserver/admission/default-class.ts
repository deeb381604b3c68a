/** Which of several default classes counts: the newest, and of those made at once the first by name, as upstream. */
import type { KubeObject } from "#api/types.ts";

/** `annotations` are those that mark a class as the default. Undefined when none is marked. */
export function newestDefault<T extends KubeObject>(classes: T[], annotations: string[]): T | undefined {
  const defaults = classes.filter(({ metadata }) => annotations.some((name) => metadata.annotations?.[name] === "true"));
  const madeMs = ({ metadata }: T): number => Date.parse(metadata.creationTimestamp ?? "");
  return defaults.sort((a, b) => madeMs(b) - madeMs(a) || (a.metadata.name! < b.metadata.name! ? -1 : 1))[0];
}

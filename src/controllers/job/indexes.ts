/**
 * Sets of completion indexes, as `status.completedIndexes` writes them: `1,3-5,7`.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/job/indexed_job_utils.go
 */
import type { Job, Pod } from "#api/types.ts";

export const COMPLETION_INDEX = "batch.kubernetes.io/job-completion-index";

export function isIndexed({ spec }: Job): boolean {
  return spec.completionMode === "Indexed";
}

/** A pod's completion index; undefined when it has none, or one that the job doesn't have (any more). */
export function indexOf(pod: Pod, completions: number): number | undefined {
  const text = pod.metadata.annotations?.[COMPLETION_INDEX] ?? "";
  if (!/^\d+$/.test(text)) return undefined;
  const index = Number(text);
  return index < completions ? index : undefined;
}

/** Reads a list; indexes at and above `completions` are left out, since an elastic job may have shrunk. */
export function parseIndexes(text: string | undefined, completions: number): Set<number> {
  const indexes = new Set<number>();
  for (const part of (text ?? "").split(",").filter((interval) => interval !== "")) {
    const [first, last = first] = part.split("-").map(Number);
    for (let index = first!; index <= last! && index < completions; index++) indexes.add(index);
  }
  return indexes;
}

/** Writes a list: two indexes in a row are written apart, three and more as an interval. */
export function formatIndexes(indexes: Iterable<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let start = 0; start < sorted.length; ) {
    let end = start;
    while (sorted[end + 1] === sorted[end]! + 1) end++;
    const [first, last] = [sorted[start]!, sorted[end]!];
    parts.push(first === last ? `${first}` : last === first + 1 ? `${first},${last}` : `${first}-${last}`);
    start = end + 1;
  }
  return parts.join(",");
}

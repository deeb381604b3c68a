/**
 * The scheduler's words for why there is no node.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/scheduler/framework/types.go
 */

/** `0/3 nodes are available: 2 Insufficient cpu.` */
export function unavailable(nodeCount: number, why: string): string {
  return `0/${nodeCount} nodes are available: ${why}.`;
}

/** `1 Insufficient memory, 2 Insufficient cpu` */
export function histogram(reasons: string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(", ");
}

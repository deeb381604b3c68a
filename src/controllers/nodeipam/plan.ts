/**
 * Gives every node a range of pod addresses.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/nodeipam/ipam/range_allocator.go
 */

/** The first free /24 of the cluster's range (`10.244.0.0/16`), or undefined when all are taken. */
export function nextPodCidr(clusterCidr: string, taken: Iterable<string>): string | undefined {
  const [base = "", prefix = "16"] = clusterCidr.split("/");
  const used = new Set(taken);
  const [a = 0, b = 0, c = 0] = base.split(".").map(Number);
  const first = a * 65536 + b * 256 + c;
  for (let i = 0; i < 2 ** (24 - Number(prefix)); i++) {
    const net = first + i;
    const cidr = `${net >>> 16}.${(net >>> 8) & 255}.${net & 255}.0/24`;
    if (!used.has(cidr)) return cidr;
  }
  return undefined;
}

/**
 * Addresses for pods, as the host-local CNI plugin gives them: each node has a range, addresses are
 * taken in turn rather than lowest first, so that one just freed isn't given out again at once.
 * @see https://www.cni.dev/plugins/current/ipam/host-local/
 */
import { contains, formatIPv4, parseCidr, parseIPv4 } from "./ip.ts";

export class Ipam {
  readonly #taken = new Set<number>();
  readonly #last = new Map<string, number>();

  /** Takes the next free address of a node's range. Throws when it is used up. */
  allocate(podCIDR: string): string {
    const range = parseCidr(podCIDR);
    // Not the network's own address, its gateway (.1 on a real node) or its broadcast address.
    const first = range.first + 2;
    const count = range.size - 3;
    const start = (this.#last.get(podCIDR) ?? first - 1) + 1 - first;
    for (let i = 0; i < count; i++) {
      const candidate = first + ((start + i) % count);
      if (this.#taken.has(candidate)) continue;
      this.#taken.add(candidate);
      this.#last.set(podCIDR, candidate);
      return formatIPv4(candidate);
    }
    throw new Error(`no free pod address in ${podCIDR}: all ${Math.max(0, count)} are in use`);
  }

  /** Marks an address as taken by a pod that already runs. */
  adopt(podCIDR: string, ip: string): void {
    if (!contains(parseCidr(podCIDR), ip)) throw new Error(`pod address ${ip} is not in ${podCIDR}`);
    const value = parseIPv4(ip)!;
    this.#taken.add(value);
    this.#last.set(podCIDR, Math.max(value, this.#last.get(podCIDR) ?? 0));
  }

  release(ip: string): void {
    this.#taken.delete(parseIPv4(ip)!);
  }
}

/** The pod as its agent sees it: who it is, where its sockets are, and where connections go. */
import { isIP } from "node:net";
import { resolveHost } from "../dns.ts";
import { isLoopback, parseCidr, unmapIPv4 } from "../ip.ts";
import { AffinityMemory, classify, route, type Ranges } from "../route.ts";
import { locate, type LocalTarget, type Place } from "../sockets.ts";
import type { TableIndex } from "../table.ts";
import type { AgentConfig } from "./config.ts";
import { connectError, lookupError, type SystemError } from "../errors.ts";
import type { TableClient } from "./table-client.ts";

/** Where a connection goes. */
export type Decision =
  /** To the real network, by Node's own means; `host` is another name after an ExternalName. */
  | { kind: "outside"; host: string }
  /** To the first of `targets` that accepts; `ip` is the address the program believes in. */
  | { kind: "targets"; ip: string; targets: LocalTarget[] }
  | { kind: "failed"; error: SystemError };

/** Local ports of outgoing connections, as in /proc/sys/net/ipv4/ip_local_port_range. */
export const EPHEMERAL = { first: 32768, count: 28232 };

export class Pod {
  readonly config: AgentConfig;
  readonly tables: TableClient;
  readonly #ranges: Ranges;
  readonly #affinity = new AffinityMemory();
  #ephemeral = Math.floor(Math.random() * EPHEMERAL.count);

  constructor(config: AgentConfig, tables: TableClient) {
    this.config = config;
    this.tables = tables;
    this.#ranges = { pods: parseCidr(config.ranges.pods), services: parseCidr(config.ranges.services), nodes: parseCidr(config.ranges.nodes) };
  }

  /** A local port for an outgoing connection: unique enough to tell connections apart in logs. */
  nextPort(): number {
    this.#ephemeral = (this.#ephemeral + 1) % EPHEMERAL.count;
    return EPHEMERAL.first + this.#ephemeral;
  }

  /** An address this pod may listen on or connect from. */
  isOwnAddress(ip: string): boolean {
    return ip === this.config.ip || isLoopback(ip);
  }

  /** Whether the address lies on the virtual network, so that only this agent can reach it. */
  isVirtual(ip: string): boolean {
    return classify(this.#ranges, unmapIPv4(ip)) !== "outside";
  }

  /** Decides at once where possible; undefined when the endpoint table must come first. */
  decide(host: string, port: number): Decision | undefined {
    if (isIP(host)) return this.#decideIP(host, port, this.tables.current());
    const table = this.tables.current();
    if (!table) return host === "localhost" ? this.#decideIP("127.0.0.1", port, undefined) : undefined;
    const resolution = resolveHost(table, this.config.resolver, host);
    if (resolution.kind === "outside") return { kind: "outside", host: resolution.name };
    if (resolution.kind === "missing") return { kind: "failed", error: lookupError("ENOTFOUND", host) };
    return this.#decideAll(resolution.ips, port, table);
  }

  async decideLater(host: string, port: number): Promise<Decision> {
    if (await this.tables.first()) return this.decide(host, port)!;
    return { kind: "failed", error: isIP(host) ? connectError("ETIMEDOUT", host, port) : lookupError("EAI_AGAIN", host) };
  }

  /** A name with several addresses (a headless Service) is tried address by address, as Node does. */
  #decideAll(ips: string[], port: number, table: TableIndex): Decision {
    const decisions = ips.map((ip) => this.#decideIP(ip, port, table)!);
    const targets = decisions.flatMap((decision) => (decision.kind === "targets" ? decision.targets : []));
    if (targets.length === 0 && decisions[0]?.kind === "outside") return decisions[0];
    return { kind: "targets", ip: ips[0]!, targets };
  }

  #decideIP(host: string, port: number, table: TableIndex | undefined): Decision | undefined {
    const ip = unmapIPv4(host);
    if (isLoopback(ip)) {
      // A program that Node itself led to the proxy (NODE_USE_ENV_PROXY) before the agent was loaded.
      const proxy = process.env.TIDEPOOL_PROXY;
      return this.config.hostNetwork || (proxy !== undefined && proxy.endsWith(`@127.0.0.1:${port}`)) ? { kind: "outside", host } : { kind: "targets", ip: host, targets: [{ kind: "loopback", ip: this.config.ip, port }] };
    }
    const kind = classify(this.#ranges, ip);
    if (kind === "outside") return { kind: "outside", host };
    if (kind === "pod") return { kind: "targets", ip, targets: [{ kind: "pod", ip, port }] };
    if (!table) return undefined;
    const { ip: own, node } = this.config;
    const context = { ranges: this.#ranges, source: { ip: own, node }, random: Math.random, nowMs: Date.now(), affinity: this.#affinity };
    return { kind: "targets", ip, targets: route(table, ip, port, context) };
  }

  /** Where a target can be reached now; undefined when nobody listens there. */
  locate(target: LocalTarget): Place | undefined {
    return locate(this.config.socketDir, target);
  }

  /** A path in the socket directory. */
  socket(name: string): string {
    return `${this.config.socketDir}/${name}`;
  }
}

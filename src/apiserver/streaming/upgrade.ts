/** exec, attach and portforward: connections that leave HTTP. */
import type { Duplex } from "node:stream";
import type { Clock } from "#lib/clock.ts";
import type { HttpRequest } from "#lib/http.ts";
import type { Logger } from "#lib/log.ts";
import type { NodeConnector } from "#api/kubelet.ts";
import type { Pod } from "#api/types.ts";
import { objectOf, type Registry } from "../registry/registry.ts";
import type { ResourceRequest } from "../request-info.ts";
import { refuse } from "./refuse.ts";

export function isStreamingSubresource(subresource: string): boolean {
  return ["exec", "attach", "portforward"].includes(subresource);
}

export interface PodUpgrade {
  request: HttpRequest;
  socket: Duplex;
  head: Buffer;
  query: URLSearchParams;
  /** Authorizes; throws a StatusError. */
  decide: () => { registry: Registry; target: ResourceRequest };
  connector: NodeConnector;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
}

export async function handlePodUpgrade(upgrade: PodUpgrade): Promise<void> {
  try {
    const { registry, target } = upgrade.decide();
    objectOf<Pod>(registry.get(target.namespace, target.name));
  } catch (error) {
    refuse(upgrade.socket, error);
  }
}

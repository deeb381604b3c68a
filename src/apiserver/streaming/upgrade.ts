/** exec, attach and portforward: connections that leave HTTP. */
import type { Duplex } from "node:stream";
import type { Clock } from "#lib/clock.ts";
import type { HttpRequest } from "#lib/http.ts";
import { errorMessage, type Logger } from "#lib/log.ts";
import { badRequest, StatusError } from "#api/errors.ts";
import type { NodeConnector } from "#api/kubelet.ts";
import type { Pod } from "#api/types.ts";
import { objectOf, type Registry } from "../registry/registry.ts";
import type { ResourceRequest } from "../request-info.ts";
import { chooseContainer, kubeletOf, podRef } from "./pod-target.ts";
import { preparePortForward } from "./port-forward.ts";
import { refuse } from "./refuse.ts";
import { commandFlags, prepareCommand } from "./remote-command.ts";

export function isStreamingSubresource(subresource: string): boolean {
  return ["exec", "attach", "portforward"].includes(subresource);
}

export interface PodUpgrade {
  request: HttpRequest;
  socket: Duplex;
  head: Buffer;
  query: URLSearchParams;
  connector: NodeConnector;
  clock: Clock;
  log: Logger;
  /** Ends the connection when the server closes. */
  signal: AbortSignal;
}

/** Authorizes, finds and admits what the request is about; rejects with a StatusError. */
export type Decide = () => Promise<{ registry: Registry; target: ResourceRequest }>;

/** What happens once the handshake is certain to succeed: answers it and serves the connection to its end. */
export type Session = () => Promise<void>;

/** Resolves when the connection is done. A refusal is an HTTP response; after the handshake there is none. */
export async function handlePodUpgrade(upgrade: PodUpgrade, decide: Decide): Promise<void> {
  const { socket, log, request } = upgrade;
  let session: Session;
  try {
    const { registry, target } = await decide();
    if (registry.definition.plural !== "pods" || !isStreamingSubresource(target.subresource)) {
      throw new StatusError(404, "NotFound", "the server could not find the requested resource", {});
    }
    session = prepare(upgrade, objectOf<Pod>(registry.get(target.namespace, target.name)), target.subresource);
  } catch (error) {
    refuse(socket, error);
    return;
  }
  try {
    await session();
  } catch (error) {
    // Most often the client hung up.
    log.info(`${request.url.split("?", 1)[0]} ended`, { error: errorMessage(error) });
  } finally {
    // What is written still goes out; then the connection is over, whoever holds it.
    socket.end(() => socket.destroy());
  }
}

function prepare(upgrade: PodUpgrade, pod: Pod, subresource: string): Session {
  const { query, connector } = upgrade;
  const reference = podRef(pod);
  if (subresource === "portforward") {
    const kubelet = kubeletOf(pod, connector);
    const target = { podName: pod.metadata.name!, uid: pod.metadata.uid!, connect: (port: number) => kubelet.portForward(reference, port) };
    return preparePortForward(upgrade, target);
  }
  const container = chooseContainer(pod, query.get("container"));
  const flags = commandFlags(query);
  const kubelet = kubeletOf(pod, connector);
  if (subresource === "attach") {
    return prepareCommand(upgrade, flags, (streams, signal) => kubelet.attach(reference, container, flags.tty, streams, signal));
  }
  const command = query.getAll("command");
  if (command.length === 0) throw badRequest("you must specify at least 1 command for the container");
  return prepareCommand(upgrade, flags, (streams, signal) => kubelet.exec(reference, container, command, flags.tty, streams, signal));
}

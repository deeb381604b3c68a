/**
 * portforward: connections to ports of a pod over SPDY streams (also inside a WebSocket) or WebSocket
 * channels.
 * @see https://github.com/kubernetes/kubelet/blob/master/pkg/cri/streaming/portforward
 */
import { pipeline } from "node:stream/promises";
import type { Duplex } from "node:stream";
import { createWebSocketStream } from "ws";
import { errorMessage } from "#lib/log.ts";
import { badRequest } from "#api/errors.ts";
import { chooseProtocol } from "./protocol.ts";
import { SpdySession, type SpdyStream } from "./spdy/session.ts";
import { acceptSpdy, negotiateSpdy } from "./spdy/upgrade.ts";
import type { PodUpgrade, Session } from "./upgrade.ts";
import { acceptWebSocket, Channels, offeredProtocols, wantsWebSocket } from "./websocket.ts";

const SPDY_PROTOCOL = "portforward.k8s.io";
/** SPDY inside a WebSocket: kubectl from 1.31. */
const TUNNEL_PROTOCOL = `SPDY/3.1+${SPDY_PROTOCOL}`;
const CHANNEL_PROTOCOL = "v4.channel.k8s.io";

export interface ForwardTarget {
  /** For messages: `web-1`. */
  podName: string;
  uid: string;
  /** Connects to a port of the pod. */
  connect: (port: number) => Promise<Duplex>;
}

/** The session accepts the connection and carries bytes until it ends. Throws when no protocol fits. */
export function preparePortForward(upgrade: PodUpgrade, target: ForwardTarget): Session {
  const { request, socket, head, query, signal } = upgrade;
  if (!wantsWebSocket(request)) {
    const protocol = negotiateSpdy(request, [SPDY_PROTOCOL]);
    return () => {
      acceptSpdy(socket, protocol);
      return forwardStreams(socket, head, target, signal);
    };
  }
  const protocol = chooseProtocol(offeredProtocols(request), [TUNNEL_PROTOCOL, CHANNEL_PROTOCOL]);
  if (protocol === TUNNEL_PROTOCOL) {
    return async () => {
      const ws = await acceptWebSocket(request, socket, head, protocol);
      await forwardStreams(createWebSocketStream(ws), Buffer.alloc(0), target, signal);
    };
  }
  const ports = portsOf(query);
  return async () => {
    const ws = await acceptWebSocket(request, socket, head, protocol);
    const channels = new Channels(ws);
    signal.addEventListener("abort", () => ws.terminate(), { once: true });
    await Promise.all(ports.map((port, index) => forwardChannel(channels, index, port, target)));
    await channels.close();
  };
}

function portsOf(query: URLSearchParams): number[] {
  const ports = query.getAll("ports").flatMap((text) => text.split(",")).map(Number);
  if (ports.length === 0) throw badRequest("query parameter \"ports\" is required");
  const bad = ports.find((port) => !isPort(port));
  if (bad !== undefined) throw badRequest(`query parameter "ports" must be a list of ports between 1 and 65535`);
  return ports;
}

const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port < 65536;

/** The client opens two streams for each connection: one for data, one on which we report an error. */
async function forwardStreams(socket: Duplex, head: Buffer, target: ForwardTarget, signal: AbortSignal): Promise<void> {
  const waiting = new Map<string, SpdyStream>();
  const session = new SpdySession(socket, (stream) => {
    const type = stream.headers.get("streamtype");
    const requestId = stream.headers.get("requestid") ?? String(type === "error" ? stream.id : stream.id - 2);
    const other = waiting.get(requestId);
    if (!other) {
      waiting.set(requestId, stream);
      return;
    }
    waiting.delete(requestId);
    const [data, error] = type === "data" ? [stream, other] : [other, stream];
    void forwardOne(data, error, Number(data.headers.get("port")), target);
  });
  const stop = (): void => void socket.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await session.run(head);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function forwardOne(data: SpdyStream, error: SpdyStream, port: number, target: ForwardTarget): Promise<void> {
  error.resume();
  try {
    await pipeBoth(data, await connect(target, port));
    error.end();
  } catch (failure) {
    error.end(failureText(target, port, failure));
    data.end();
    data.resume();
  }
}

async function forwardChannel(channels: Channels, index: number, port: number, target: ForwardTarget): Promise<void> {
  const [dataChannel, errorChannel] = [index * 2, index * 2 + 1];
  const input = channels.readable(dataChannel);
  const portBytes = Buffer.alloc(2);
  portBytes.writeUInt16LE(port);
  channels.send(dataChannel, portBytes);
  channels.send(errorChannel, portBytes);
  try {
    const connection = await connect(target, port);
    await Promise.all([pipeline(input, connection), pipeline(connection, channels.writable(dataChannel))]);
  } catch (failure) {
    channels.send(errorChannel, Buffer.from(failureText(target, port, failure)));
  }
}

function connect(target: ForwardTarget, port: number): Promise<Duplex> {
  if (!isPort(port)) return Promise.reject(new Error(`invalid port ${port}`));
  return target.connect(port);
}

function failureText({ podName, uid }: ForwardTarget, port: number, failure: unknown): string {
  return `error forwarding port ${port} to pod ${podName}, uid ${uid}: ${errorMessage(failure)}`;
}

/** Carries bytes both ways until both have ended. */
async function pipeBoth(a: Duplex, b: Duplex): Promise<void> {
  // A side that hangs up in the middle is no error of the forwarding.
  await Promise.allSettled([pipeline(a, b), pipeline(b, a)]);
  a.destroy();
  b.destroy();
}

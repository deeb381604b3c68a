/**
 * What the API server asks of a node: the kubelet's own API (upstream an HTTPS server on :10250).
 * The kubelet implements it, the API server calls it for the pod's log, exec, attach and portforward
 * subresources, and the composition root introduces them to each other.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/server/server.go
 */
import type { Duplex, Readable, Writable } from "node:stream";

export interface PodRef {
  namespace: string;
  name: string;
  uid?: string | undefined;
}

/** Query of `GET .../log`; see PodLogOptions. */
export interface LogOptions {
  container: string;
  follow: boolean;
  previous: boolean;
  timestamps: boolean;
  sinceSeconds?: number | undefined;
  sinceTime?: string | undefined;
  tailLines?: number | undefined;
  limitBytes?: number | undefined;
}

/** How a command ended. */
export interface ExecResult {
  exitCode: number;
  /** Set when the command could not run at all. */
  error?: string;
}

export interface ExecStreams {
  stdin?: Readable | undefined;
  stdout?: Writable | undefined;
  /** Absent with a terminal: the terminal mixes both. */
  stderr?: Writable | undefined;
  /** Terminal sizes as the client's window changes. */
  resize?: AsyncIterable<{ width: number; height: number }> | undefined;
}

export interface KubeletApi {
  /** The container's log as `kubectl logs` shows it; with `follow` it ends when the container does. Throws a StatusError. */
  logs(pod: PodRef, options: LogOptions, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Runs a command in a container until it ends or `signal` aborts (then it is killed). Throws a StatusError when there is no such container. */
  exec(pod: PodRef, container: string, command: string[], tty: boolean, streams: ExecStreams, signal: AbortSignal): Promise<ExecResult>;
  /** Joins a running container's output (and input, where it has `stdin: true`). */
  attach(pod: PodRef, container: string, tty: boolean, streams: ExecStreams, signal: AbortSignal): Promise<ExecResult>;
  /** A connection to a port of the pod, as its own loopback would reach it. Rejects with an Error that says why. */
  portForward(pod: PodRef, port: number): Promise<Duplex>;
}

/** Finds a node's kubelet; undefined when that node isn't there. */
export type NodeConnector = (nodeName: string) => KubeletApi | undefined;

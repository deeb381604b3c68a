/**
 * The kubelet's own API: logs, exec, attach and port-forward of the pods on this node.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kubelet_pods.go
 */
import { finished } from "node:stream/promises";
import type { Clock } from "#lib/clock.ts";
import { badRequest, internalError, notFound } from "#api/errors.ts";
import type { ExecResult, ExecStreams, KubeletApi, LogOptions, PodRef } from "#api/kubelet.ts";
import type { ContainerWorker } from "./container-worker.ts";
import { follow, send } from "./exec.ts";
import { dialError } from "./handlers.ts";
import type { KubeletNetwork } from "./kubelet-context.ts";
import { logSize } from "./container-log.ts";
import { readLog, type LogSource } from "./log-reader.ts";
import type { PodWorker } from "./pod-worker.ts";
import type { ContainerRecord, ContainerRuntime } from "./runtime.ts";

export interface KubeletApiOptions {
  clock: Clock;
  runtime: ContainerRuntime;
  network: Pick<KubeletNetwork, "dial">;
  findPod: (pod: PodRef) => PodWorker | undefined;
}

export function kubeletApi({ clock, runtime, network, findPod }: KubeletApiOptions): KubeletApi {
  function find(pod: PodRef): PodWorker {
    const worker = findPod(pod);
    if (!worker) throw notFound({ resource: "pods", name: pod.name });
    return worker;
  }

  function running(pod: PodRef, name: string): { container: ContainerWorker; record: ContainerRecord } {
    const container = find(pod).container(name);
    if (!container?.running) throw internalError(`container not found ("${name}")`);
    return { container, record: container.last! };
  }

  function source(record: ContainerRecord): LogSource {
    const current = (): ContainerRecord | undefined => runtime.list().find(({ id }) => id === record.id);
    const { path } = runtime.logFile(record.id);
    return {
      path,
      running: () => current()?.exit === undefined && current() !== undefined,
      rotations: () => (current() ? runtime.logFile(record.id).rotations : 0),
    };
  }

  return {
    async logs(pod: PodRef, options: LogOptions, signal: AbortSignal) {
      const container = find(pod).container(options.container);
      if (!container) throw badRequest(`container ${options.container} is not valid for pod ${pod.name}`);
      return readLog(source(logRecord(pod, container, options)), options, clock, signal);
    },

    async exec(pod, name, command, tty, streams, signal) {
      const { record } = running(pod, name);
      return runtime.exec(record.id, { command, tty, streams, signal });
    },

    async attach(pod, name, tty, streams, signal): Promise<ExecResult> {
      const { record } = running(pod, name);
      if (tty && !record.config.tty) throw badRequest(`container ${name} has no terminal (tty: true)`);
      // From here on: what was said before is in the log. Measured before the input is joined, whose echo is wanted.
      const fromBytes = logSize(runtime.logFile(record.id).path);
      joinInput(runtime, record, streams, signal);
      const log = readLog(source(record), { follow: true, timestamps: false, fromBytes }, clock, signal);
      for await (const chunk of log) if (streams.stdout) await send(streams.stdout, chunk);
      // How the container ended is in its status: attaching to it succeeded all the same.
      return { exitCode: 0 };
    },

    async portForward(pod, port) {
      const worker = find(pod);
      const { ip } = worker;
      if (!ip) throw new Error(`unable to do port forwarding: pod ${pod.name} has no network yet`);
      try {
        return await network.dial(ip, port, { loopback: true });
      } catch (error) {
        const uid = worker.uid;
        throw new Error(
          `error forwarding port ${port} to pod ${uid}, uid : failed to connect to localhost:${port} inside namespace "${pod.namespace}", IPv4: ${dialError("127.0.0.1", port, error).replace("dial tcp ", "dial tcp4 ")}`,
          { cause: error },
        );
      }
    },
  };
}

/** The attempt whose log is asked for. Throws in Kubernetes' words where there is none. */
function logRecord(pod: PodRef, container: ContainerWorker, { previous }: LogOptions): ContainerRecord {
  const { last, spec, snapshot } = container;
  if (previous) {
    // A container that waits to be restarted has its last run as its previous one.
    const record = snapshot.waiting && last?.exit ? last : container.previous;
    if (!record) throw badRequest(`previous terminated container "${spec.name}" in pod "${pod.name}" not found`);
    return record;
  }
  if (last) return last;
  const reason = snapshot.waiting?.reason ?? "ContainerCreating";
  if (["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull"].includes(reason)) {
    throw badRequest(`container "${spec.name}" in pod "${pod.name}" is waiting to start: ${reason === "ErrImagePull" ? "image can't be pulled" : "trying and failing to pull image"}`);
  }
  throw badRequest(`container "${spec.name}" in pod "${pod.name}" is waiting to start: ${reason}`);
}

/** Connects the client's input and window to the container's. */
function joinInput(runtime: ContainerRuntime, record: ContainerRecord, streams: ExecStreams, signal: AbortSignal): void {
  void follow(streams.resize, (width, height) => runtime.resize(record.id, width, height));
  if (!streams.stdin || !record.config.stdin) return;
  const input = runtime.stdin(record.id);
  if (!input) throw internalError(`container ${record.config.name} was started by an earlier kubelet: its input is closed`);
  streams.stdin.pipe(input, { end: record.config.stdinOnce });
  const leave = (): void => void streams.stdin?.unpipe(input);
  signal.addEventListener("abort", leave, { once: true });
  finished(streams.stdin).catch(leave);
}

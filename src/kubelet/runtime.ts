/**
 * The runtime seam, after the Container Runtime Interface: the kubelet decides, a runtime runs. The
 * one that exists (process-runtime.ts) runs containers as processes of the host.
 * @see https://github.com/kubernetes/cri-api/blob/master/pkg/apis/runtime/v1/api.proto
 */
import type { Writable } from "node:stream";
import type { ProcessIdentity } from "#lib/process.ts";
import type { ExecResult, ExecStreams } from "#api/kubelet.ts";

/** A path in the container that stands for a path on the host. */
export interface Mount {
  path: string;
  hostPath: string;
  readOnly?: boolean | undefined;
}

/** Everything a runtime needs to start one attempt of one container. */
export interface ContainerConfig {
  pod: { uid: string; namespace: string; name: string; nodeName: string };
  /** The container's name in the pod. */
  name: string;
  /** How often the container was started before: its restart count. */
  attempt: number;
  image: string;
  /** `repository@digest`. */
  imageId: string;
  /** The unpacked image: the container's `/`. */
  root: string;
  argv: string[];
  env: Record<string, string>;
  /** A path of the host. */
  cwd: string;
  mounts: Mount[];
  stdin: boolean;
  stdinOnce: boolean;
  tty: boolean;
  memoryLimitBytes?: number | undefined;
  stopSignal: NodeJS.Signals;
  /** Whether the exit code must be known also when it comes while no daemon runs (pods that are to complete). */
  keepExitCode?: boolean | undefined;
  /** Where the container writes its termination message, on the host. */
  terminationMessagePath: string;
  terminationMessagePolicy: "File" | "FallbackToLogsOnError";
}

/** How a container ended, in the words of the pod's status. */
export interface ContainerExit {
  code: number;
  reason: "Completed" | "Error" | "OOMKilled" | "StartError" | "ContainerStatusUnknown";
  message?: string | undefined;
  finishedAtMs: number;
}

/** One attempt of one container, as it is kept on disk. */
export interface ContainerRecord {
  /** Hexadecimal, unique; `tidepool://<id>` in the pod's status. */
  id: string;
  config: ContainerConfig;
  createdAtMs: number;
  startedAtMs?: number | undefined;
  /** The container's first process, while it may run. */
  process?: ProcessIdentity | undefined;
  /** The parent that waits for it and leads its process group, where it has one. */
  monitor?: ProcessIdentity | undefined;
  exit?: ContainerExit | undefined;
}

export interface ExecOptions {
  command: string[];
  tty: boolean;
  streams: ExecStreams;
  /** Kills the command when it aborts. */
  signal: AbortSignal;
}

/** Where an attempt's log is; the file may be missing. */
export interface LogFile {
  path: string;
  /** How often it was rotated since this runtime knows it. */
  rotations: number;
}

export interface ContainerRuntime {
  /** All attempts known, oldest first per container. */
  list(): ContainerRecord[];
  /**
   * Starts an attempt. Resolves to its record once its process runs; when it can't run, resolves to a
   * record whose exit says so (128, StartError).
   */
  start(config: ContainerConfig): Promise<ContainerRecord>;
  /** Says that a container is done starting, so that the next may take its turn on the cores. */
  settled(id: string): void;
  /** Sends the stop signal, after `gracePeriodMs` SIGKILL; resolves when the container has ended. */
  stop(id: string, gracePeriodMs: number): Promise<void>;
  /** Forgets an ended attempt and removes its files. */
  remove(id: string): Promise<void>;
  exec(id: string, options: ExecOptions): Promise<ExecResult>;
  /** The container's standard input, while it has one that this process can write to. */
  stdin(id: string): Writable | undefined;
  /** Sets the size of the container's terminal, where it has one. */
  resize(id: string, width: number, height: number): void;
  logFile(id: string): LogFile;
  /** Calls the handler whenever a container has ended; returns a function that ends it. */
  onExit(handler: (record: ContainerRecord) => void): () => void;
  /** Forgets everything in memory and leaves the containers running. */
  close(): Promise<void>;
}

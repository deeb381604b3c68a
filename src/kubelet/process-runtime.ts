/**
 * Runs containers as processes of the host: each in a process group of its own, its output appended
 * by itself to its log file, its record on disk. So a daemon that dies takes nothing with it, and the
 * next one finds its containers by pid and start time.
 */
import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { every, type Clock } from "#lib/clock.ts";
import { errorMessage, type Logger } from "#lib/log.ts";
import { identify, isAlive, signal, type ProcessIdentity } from "#lib/process.ts";
import type { Rng } from "#lib/random.ts";
import type { ExecResult } from "#api/kubelet.ts";
import { describeExit, type ProcessEnd } from "./container-exit.ts";
import { LogMarker, ROTATE_BYTES } from "./container-log.ts";
import { findExecutable, translateArguments } from "./container-paths.ts";
import { ContainerStore } from "./container-store.ts";
import { execInContainer } from "./exec.ts";
import { monitored, monitoredPid, recordedExit } from "./exit-monitor.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { CONTAINER_ID_VARIABLE, systemProcessTable, type ProcessTable } from "./process-table.ts";
import { spawnTerminal } from "./terminal.ts";
import { StartGate } from "./start-gate.ts";
import type { ContainerConfig, ContainerExit, ContainerRecord, ContainerRuntime, ExecOptions, LogFile } from "./runtime.ts";

/** How often logs are measured and adopted processes are looked after. */
const TICK_MS = 1_000;
/** How often a stopping adopted process is looked after. */
const ADOPTED_END_MS = 50;
/** How long a rotation waits for a container to stand still; it is tried again at the next tick. */
const STOP_ATTEMPTS = 100;

export interface ProcessRuntimeOptions {
  podsDirectory: string;
  clock: Clock;
  rng: Rng;
  log: Logger;
  /** How many containers may start at once: the machine's cores. */
  parallelStarts: number;
  processTable?: ProcessTable;
  rotateBytes?: number;
}

/** A container in memory; most are in it only to be remembered. */
interface Entry {
  record: ContainerRecord;
  log: LogMarker;
  rotations: number;
  /** Present while the process is a child of this very daemon. */
  input?: Writable | undefined;
  resize?: ((width: number, height: number) => void) | undefined;
  child: boolean;
  outOfMemory: boolean;
  ended: Promise<void>;
  end: () => void;
  settle: () => void;
}

export class ProcessRuntime implements ContainerRuntime {
  readonly #options: ProcessRuntimeOptions;
  readonly #store: ContainerStore;
  readonly #table: ProcessTable;
  readonly #gate: StartGate;
  readonly #entries = new Map<string, Entry>();
  readonly #handlers = new Set<(record: ContainerRecord) => void>();
  readonly #memory: MemoryWatch;
  #stopTicking: (() => void) | undefined;
  #closed = false;

  /** Finds the containers that an earlier daemon left: adopts the living, records the end of the dead. */
  constructor(options: ProcessRuntimeOptions) {
    this.#options = options;
    this.#store = new ContainerStore(options.podsDirectory);
    this.#table = options.processTable ?? systemProcessTable;
    this.#gate = new StartGate(options.clock, options.parallelStarts);
    this.#memory = new MemoryWatch(options.clock, this.#table, (id) => this.#outOfMemory(id));
    const broken = (file: string, error: unknown): void => options.log.error(`container record ${file} can't be read; ignored`, { error: errorMessage(error) });
    for (const record of this.#store.readAll(broken)) this.#adopt(record);
    this.#tickWhileNeeded();
  }

  list(): ContainerRecord[] {
    return [...this.#entries.values()].map((entry) => entry.record);
  }

  async start(config: ContainerConfig): Promise<ContainerRecord> {
    const { clock, rng } = this.#options;
    const id = Array.from({ length: 64 }, () => Math.floor(rng() * 16).toString(16)).join("");
    const withId = { ...config, env: { ...config.env, [CONTAINER_ID_VARIABLE]: id } };
    const record: ContainerRecord = { id, config: withId, createdAtMs: clock.now() };
    const settle = await this.#gate.enter();
    const entry = this.#remember(record, settle);
    // Written before the process exists: a daemon that dies in between leaves a trace to find it by.
    this.#store.write(record);
    try {
      await this.#launch(entry);
    } catch (error) {
      settle();
      this.#finish(entry, {
        code: 128,
        reason: "StartError",
        message: `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ${errorMessage(error)}: unknown`,
        finishedAtMs: clock.now(),
      });
    }
    this.#tickWhileNeeded();
    return entry.record;
  }

  settled(id: string): void {
    this.#entries.get(id)?.settle();
  }

  async stop(id: string, gracePeriodMs: number): Promise<void> {
    const entry = this.#entries.get(id);
    if (!entry || entry.record.exit) return;
    const { process: identity, config } = entry.record;
    if (gracePeriodMs > 0 && identity && signal(identity, config.stopSignal)) {
      // A stopped process can't act on its signal.
      signal(identity, "SIGCONT");
      const cancel = this.#options.clock.after(gracePeriodMs, () => this.#kill(entry));
      await this.#end(entry);
      cancel();
      return;
    }
    this.#kill(entry);
    await this.#end(entry);
  }

  /** Waits for a container's end; that of an adopted one shows only to who looks. */
  async #end(entry: Entry): Promise<void> {
    const stopLooking = entry.child ? undefined : every(this.#options.clock, ADOPTED_END_MS, () => this.#reapAdopted());
    await entry.ended;
    stopLooking?.();
  }

  remove(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry && !entry.record.exit) return Promise.reject(new Error(`container ${id} still runs`));
    if (entry) this.#store.remove(entry.record);
    this.#entries.delete(id);
    return Promise.resolve();
  }

  exec(id: string, options: ExecOptions): Promise<ExecResult> {
    const entry = this.#entries.get(id);
    if (!entry || entry.record.exit) return Promise.reject(new Error(`container ${id} is not running`));
    return execInContainer(entry.record.config, options);
  }

  stdin(id: string): Writable | undefined {
    return this.#entries.get(id)?.input;
  }

  resize(id: string, width: number, height: number): void {
    this.#entries.get(id)?.resize?.(width, height);
  }

  logFile(id: string): LogFile {
    const entry = this.#entries.get(id);
    if (!entry) throw new Error(`container ${id} is unknown`);
    return { path: entry.log.path, rotations: entry.rotations };
  }

  onExit(handler: (record: ContainerRecord) => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#stopTicking?.();
    this.#memory.stop();
    this.#handlers.clear();
    return Promise.resolve();
  }

  #remember(record: ContainerRecord, settle: () => void): Entry {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const log = new LogMarker(this.#store.logPath(record.config));
    const entry: Entry = { record, log, rotations: 0, child: false, outOfMemory: false, ended, end, settle };
    this.#entries.set(record.id, entry);
    return entry;
  }

  async #launch(entry: Entry): Promise<void> {
    const { config } = entry.record;
    const { clock } = this.#options;
    const [program, ...rest] = config.argv;
    if (program === undefined) throw new Error("no command specified");
    if (!existsSync(config.cwd)) throw new Error(`chdir to cwd ("${config.cwd.slice(config.root.length) || "/"}") set in config.json failed: no such file or directory`);
    const file = findExecutable(program, config.env["PATH"], config);
    const args = translateArguments(rest, config);
    this.#store.directory(config);

    const onEnd = (end: Omit<ProcessEnd, "outOfMemory">): void => void this.#ended(entry, end);
    let pid: number;
    let monitor: ProcessIdentity | undefined;
    if (config.tty) {
      const terminal = spawnTerminal(file, args, config, entry.log.path, onEnd);
      entry.input = terminal.input;
      entry.resize = terminal.resize;
      pid = terminal.pid;
    } else {
      const output = openSync(entry.log.path, "a", 0o600);
      try {
        const command = config.keepExitCode ? monitored(file, args, this.#store.exitPath(config)) : { file, args };
        const child = spawn(command.file, command.args, {
          cwd: config.cwd,
          env: config.env,
          ...(config.keepExitCode ? {} : { argv0: program }),
          detached: true,
          stdio: [config.stdin ? "pipe" : "ignore", output, output, config.keepExitCode ? "pipe" : "ignore"],
        });
        await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
        // `exit`, not `close`: a grandchild that holds the streams is none of our business.
        child.once("exit", (code, endSignal) => onEnd({ code, signal: endSignal }));
        child.unref();
        if (child.stdin) {
          child.stdin.on("error", () => undefined);
          entry.input = child.stdin;
        }
        pid = child.pid!;
        if (config.keepExitCode) {
          monitor = identify(pid);
          pid = await monitoredPid(child.stdio[3] as Readable);
        }
      } finally {
        closeSync(output);
      }
    }
    entry.child = true;
    const identity = identify(pid);
    entry.record = { ...entry.record, startedAtMs: clock.now(), ...(identity ? { process: identity } : {}), ...(monitor ? { monitor } : {}) };
    this.#store.write(entry.record);
    if (config.memoryLimitBytes !== undefined) this.#memory.add(entry.record.id, pid, config.memoryLimitBytes);
  }

  async #ended(entry: Entry, end: Omit<ProcessEnd, "outOfMemory">): Promise<void> {
    if (entry.record.exit) return;
    // After close() the end is for the next daemon to find and record.
    if (this.#closed) return entry.end();
    // Whatever is left of the group goes with its first process, as with a container's process 1.
    killGroup(entry.record);
    this.#killStrays(entry);
    const nowMs = this.#options.clock.now();
    entry.log.mark(nowMs);
    this.#finish(entry, await describeExit(entry.record.config, entry.log.path, { ...end, outOfMemory: entry.outOfMemory }, nowMs));
  }

  #finish(entry: Entry, exit: ContainerExit): void {
    if (entry.record.exit) return;
    entry.record = { ...entry.record, exit };
    entry.child = false;
    entry.input = undefined;
    entry.resize = undefined;
    this.#memory.remove(entry.record.id);
    this.#store.write(entry.record);
    entry.settle();
    entry.end();
    for (const handler of this.#handlers) handler(entry.record);
    this.#tickWhileNeeded();
  }

  #adopt(record: ContainerRecord): void {
    const entry = this.#remember(record, () => undefined);
    if (record.exit) {
      entry.end();
      return;
    }
    if (record.process && isAlive(record.process)) {
      const { config } = record;
      if (config.memoryLimitBytes !== undefined) this.#memory.add(record.id, record.process.pid, config.memoryLimitBytes);
      return;
    }
    this.#lost(entry);
  }

  /** An adopted container has ended; only its monitor, if it had one, saw how. */
  #lost(entry: Entry): void {
    const { config, monitor } = entry.record;
    const recorded = recordedExit(this.#store.exitPath(config));
    // It is writing the code down at this moment: the next look finds it.
    if (!recorded && monitor && isAlive(monitor)) return;
    this.#killStrays(entry);
    const nowMs = this.#options.clock.now();
    entry.log.mark(nowMs);
    if (recorded) {
      const { code, finishedAtMs } = recorded;
      void describeExit(config, entry.log.path, { code, signal: null, outOfMemory: entry.outOfMemory }, finishedAtMs).then((exit) => this.#finish(entry, exit));
      return;
    }
    if (entry.outOfMemory) return this.#finish(entry, { code: 137, reason: "OOMKilled", finishedAtMs: nowMs });
    this.#finish(entry, {
      code: 137,
      reason: "ContainerStatusUnknown",
      message: "The container could not be located when the pod was terminated",
      finishedAtMs: nowMs,
    });
  }

  /** Ends processes that carry this container's id and no longer have its first process. */
  #killStrays(entry: Entry): void {
    for (const pid of this.#table.membersOf(entry.record.id)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended meanwhile.
      }
    }
  }

  #kill(entry: Entry): void {
    const { process: identity } = entry.record;
    if (!identity || !isAlive(identity)) {
      if (!entry.child) this.#lost(entry);
      return;
    }
    killGroup(entry.record);
  }

  #outOfMemory(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry || entry.record.exit) return;
    entry.outOfMemory = true;
    this.#kill(entry);
  }

  #tickWhileNeeded(): void {
    const needed = !this.#closed && [...this.#entries.values()].some((entry) => !entry.record.exit);
    if (needed) this.#stopTicking ??= every(this.#options.clock, TICK_MS, () => this.#tick());
    else {
      this.#stopTicking?.();
      this.#stopTicking = undefined;
    }
  }

  #tick(): void {
    this.#reapAdopted();
    const nowMs = this.#options.clock.now();
    for (const entry of this.#entries.values()) {
      if (entry.record.exit) continue;
      const sizeBytes = entry.log.mark(nowMs);
      if (sizeBytes > (this.#options.rotateBytes ?? ROTATE_BYTES)) this.#rotate(entry);
    }
  }

  /** Adopted processes are nobody's children: their end is found by looking. */
  #reapAdopted(): void {
    for (const entry of this.#entries.values()) {
      if (entry.record.exit || entry.child || !entry.record.process) continue;
      if (!isAlive(entry.record.process)) this.#lost(entry);
    }
  }

  /** Holds the container still while its log moves: nothing is written between the copy and the cut. */
  #rotate(entry: Entry): void {
    const pids = this.#table.membersOf(entry.record.id);
    const each = (name: NodeJS.Signals): void => {
      for (const pid of pids) {
        try {
          process.kill(pid, name);
        } catch {
          // It ended meanwhile.
        }
      }
    };
    try {
      each("SIGSTOP");
      for (let attempt = 0; attempt < STOP_ATTEMPTS; attempt++) {
        if (!pids.every((pid) => this.#table.isStopped(pid))) continue;
        entry.log.rotate(this.#options.clock.now());
        entry.rotations++;
        return;
      }
    } finally {
      each("SIGCONT");
    }
  }
}

/** Ends a container's process group; its leader is the container's first process, or the monitor above it. */
function killGroup({ monitor, process: first }: ContainerRecord): void {
  const leader = monitor ?? first;
  if (!leader) return;
  try {
    process.kill(-leader.pid, "SIGKILL");
  } catch (error) {
    // macOS answers EPERM for a group of which only zombies are left.
    if (!["ESRCH", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

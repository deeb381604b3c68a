/**
 * One container of a pod: carries out what the plan says (start it, stop it) and knows how it is.
 * Its starts and stops run beside the pod's worker, which leaves a busy container alone.
 */
import { Writable } from "node:stream";
import { sleep } from "#lib/clock.ts";
import { errorMessage } from "#lib/log.ts";
import type { Container, Pod } from "#api/types.ts";
import { formatDuration } from "./backoff.ts";
import { containerConfig } from "./container-config.ts";
import { ConfigError, type Configuration } from "./environment.ts";
import { attemptProbe, runHook, type HandlerContext } from "./handlers.ts";
import { ImagePullError, type PullPolicy } from "./image-puller.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import type { ContainerKind, ContainerView, KillAction } from "./plan.ts";
import type { Outcome } from "./probe-state.ts";
import { Prober } from "./prober.ts";
import type { ContainerRecord } from "./runtime.ts";
import type { ContainerSnapshot } from "./status.ts";

/** A container that couldn't be configured is tried again after this long, or when something it refers to changes. */
const CONFIG_RETRY_MS = 10_000;
/** How long `ErrImagePull` shows before it becomes `ImagePullBackOff`. */
const PULL_ERROR_MS = 1_000;
/** Whatever preStop used up, this is left for the stop signal. */
const MIN_GRACE_MS = 2_000;
const MAX_PROBE_OUTPUT_BYTES = 10 * 1024;

/** The pod around a container. */
export interface Surroundings {
  pod(): Pod;
  podDirectory: string;
  podIP(): string;
  volumes(): Map<string, string>;
  /** The ConfigMaps and Secrets the pod refers to, as they are now. */
  configuration(): Promise<Configuration>;
  /** Something changed: plan again. */
  changed(): void;
}

export class ContainerWorker {
  readonly kind: ContainerKind;
  readonly #context: KubeletContext;
  readonly #around: Surroundings;
  #spec: Container;
  #changed = false;
  #last: ContainerRecord | undefined;
  #previous: ContainerRecord | undefined;
  #waiting: { reason: string; message?: string | undefined } | undefined;
  #waitingSinceMs = 0;
  #retryAtMs: number | undefined;
  #busy = false;
  #postStarted = false;
  #condemned: { message: string; gracePeriodSeconds?: number | undefined } | undefined;
  #prober: Prober | undefined;

  constructor(context: KubeletContext, around: Surroundings, spec: Container, kind: ContainerKind, records: ContainerRecord[]) {
    this.#context = context;
    this.#around = around;
    this.#spec = spec;
    this.kind = kind;
    this.#last = records.at(-1);
    this.#previous = records.at(-2);
    if (!this.running) return;
    this.#resume();
    if (this.#last!.config.image !== spec.image) this.#replace();
  }

  get spec(): Container {
    return this.#spec;
  }

  get running(): boolean {
    return this.#last !== undefined && !this.#last.exit;
  }

  get last(): ContainerRecord | undefined {
    return this.#last;
  }

  get previous(): ContainerRecord | undefined {
    return this.#previous;
  }

  get view(): ContainerView {
    return {
      name: this.spec.name,
      kind: this.kind,
      state: !this.#last ? "absent" : this.#last.exit ? "exited" : "running",
      busy: this.#busy,
      started: this.#started,
      exitCode: this.#last?.exit?.code,
      retryAtMs: this.#retryAt(),
      changed: this.#changed,
      condemned: this.#condemned,
    };
  }

  get snapshot(): ContainerSnapshot {
    return {
      spec: this.spec,
      kind: this.kind,
      last: this.#last,
      previous: this.#previous,
      waiting: this.#waiting,
      started: this.#started,
      changed: this.#changed,
      ready: this.#started && (this.#prober?.ready ?? false),
    };
  }

  /** The pod's spec has changed: another image takes another container, and may be there where the old one was not. */
  redefine(spec: Container): void {
    const changed = spec.image !== this.#spec.image;
    this.#spec = spec;
    if (!changed) return;
    this.#retryAtMs = undefined;
    this.#replace();
  }

  /** The runtime says that an attempt has ended. */
  ended(record: ContainerRecord): void {
    if (this.#last?.id !== record.id) return;
    this.#last = record;
    this.#prober?.stop();
    this.#prober = undefined;
    this.#condemned = undefined;
    this.#around.changed();
  }

  /** Something the container refers to has changed: what failed may do now. */
  retryNow(): void {
    if (this.#waiting?.reason === "CreateContainerConfigError") this.#retryAtMs = undefined;
  }

  /** Says why the container waits; returns when that will change by itself. */
  backOff(nowMs: number): number | undefined {
    if (this.#waiting?.reason === "ErrImagePull") {
      const flipsAtMs = this.#waitingSinceMs + PULL_ERROR_MS;
      if (nowMs < flipsAtMs) return flipsAtMs;
      const message = `Back-off pulling image "${this.spec.image}"`;
      this.#event("Normal", "BackOff", message);
      this.#event("Warning", "Failed", "Error: ImagePullBackOff");
      this.#wait("ImagePullBackOff", `${message}: ErrImagePull: ${this.#waiting.message}`);
    } else if (!this.#waiting && this.#last?.exit) {
      const { name, namespace, uid } = this.#around.pod().metadata;
      const delay = formatDuration(this.#context.crashBackOff.delayMs(this.#backOffKey));
      this.#event("Warning", "BackOff", `Back-off restarting failed container ${this.spec.name} in pod ${name}_${namespace}(${uid})`);
      this.#wait("CrashLoopBackOff", `back-off ${delay} restarting failed container=${this.spec.name} pod=${name}_${namespace}(${uid})`);
    }
    return undefined;
  }

  /** The node will not run it. */
  refuse(message: string): void {
    this.#wait("CreateContainerConfigError", message);
  }

  /** Begins a new attempt, in the background. */
  start(): void {
    void this.#exclusively(() => this.#start());
  }

  /** Begins to stop the container, in the background. */
  kill(action: KillAction, gracePeriodSeconds: number, runPreStop = true): void {
    void this.#exclusively(() => this.#stop(action, action.gracePeriodSeconds ?? gracePeriodSeconds, runPreStop));
  }

  /** Stops it within a time, without its preStop hook: at the node's end there is nobody left to drain for. */
  async shutDown(graceMs: number): Promise<void> {
    this.detach();
    if (this.#last) await this.#context.runtime.stop(this.#last.id, graceMs);
  }

  /** Ends its timers and leaves it running. */
  detach(): void {
    this.#prober?.stop();
  }

  /** Runs a command in the container and collects what it says. */
  async #exec(command: string[], signal: AbortSignal): Promise<{ exitCode: number; output: string }> {
    let output = "";
    const sink = (): Writable =>
      new Writable({
        write(chunk: Buffer, _encoding, done) {
          if (output.length < MAX_PROBE_OUTPUT_BYTES) output += chunk.toString("utf8");
          done();
        },
      });
    const { exitCode, error } = await this.#context.runtime.exec(this.#last!.id, { command, tty: false, streams: { stdout: sink(), stderr: sink() }, signal });
    return { exitCode, output: error ?? output };
  }

  get #backOffKey(): string {
    return `${this.#around.pod().metadata.uid}/${this.spec.name}/${this.spec.image}`;
  }

  get #started(): boolean {
    return this.running && this.#postStarted && (this.#prober?.started ?? false);
  }

  /** What runs was made of another spec: another container takes its place. */
  #replace(attempt = this.#last): void {
    this.#changed = attempt !== undefined;
    if (attempt && !attempt.exit) this.#condemned = { message: `Container ${this.spec.name} definition changed, will be restarted` };
  }

  #retryAt(): number | undefined {
    if (this.#retryAtMs !== undefined) return this.#retryAtMs;
    const exit = this.#last?.exit;
    return exit && this.#context.crashBackOff.waitUntil(this.#backOffKey, exit.finishedAtMs, this.#context.clock.now());
  }

  #wait(reason: string, message?: string): void {
    this.#waiting = { reason, message };
    this.#waitingSinceMs = this.#context.clock.now();
  }

  #event(type: "Normal" | "Warning", reason: string, message: string): void {
    const list = this.kind === "regular" ? "containers" : this.kind === "ephemeral" ? "ephemeralContainers" : "initContainers";
    this.#context.recorder.event(this.#around.pod(), type, reason, message, `spec.${list}{${this.spec.name}}`);
  }

  async #exclusively(run: () => Promise<void>): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await run();
    } catch (error) {
      const { namespace, name } = this.#around.pod().metadata;
      this.#context.log.error(`container ${this.spec.name} of ${namespace}/${name}`, { error: errorMessage(error) });
      this.#wait("RunContainerError", errorMessage(error));
      this.#retryAtMs = this.#context.clock.now() + CONFIG_RETRY_MS;
    } finally {
      this.#busy = false;
      this.#around.changed();
    }
  }

  async #start(): Promise<void> {
    const { clock, crashBackOff, runtime, puller } = this.#context;
    const pod = this.#around.pod();
    const event = this.#event.bind(this);
    const before = this.#last;
    const spec = this.#spec;
    let record: ContainerRecord;
    try {
      const policy = (this.spec.imagePullPolicy ?? "IfNotPresent") as PullPolicy;
      const image = await puller.ensure(pod.metadata.uid!, this.spec.image!, policy, event);
      const attempt = before ? before.config.attempt + 1 : 0;
      const { config, warnings } = containerConfig({
        ...this.#context,
        pod,
        container: this.spec,
        attempt,
        image,
        podDirectory: this.#around.podDirectory,
        volumes: this.#around.volumes(),
        configuration: await this.#around.configuration(),
        facts: this.#context.facts(this.#around.podIP()),
        services: this.#context.services(),
      });
      for (const warning of warnings) event("Warning", "InvalidEnvironmentVariableNames", warning);
      if (before?.exit) crashBackOff.next(this.#backOffKey, before.exit.finishedAtMs, clock.now());
      if (this.#context.stopping()) return;
      record = await runtime.start(config);
    } catch (error) {
      this.#failed(error, event);
      return;
    }
    this.#waiting = undefined;
    this.#retryAtMs = undefined;
    if (spec.image === this.#spec.image) this.#changed = false;
    else this.#replace(record);
    this.#previous = before;
    this.#last = record;
    this.#postStarted = false;
    if (this.#context.stopping()) return runtime.stop(record.id, 0);
    await this.#forgetOld();
    event("Normal", "Created", `Created container: ${this.spec.name}`);
    if (record.exit) {
      if (record.exit.reason === "StartError") event("Warning", "Failed", `Error: ${record.exit.message}`);
      return;
    }
    event("Normal", "Started", `Started container ${this.spec.name}`);
    this.#prober = this.#probe(undefined);
    this.#around.changed();
    if (this.spec.lifecycle?.postStart) await this.#postStart();
    // The hook's failure has stopped it, or it has ended by itself meanwhile.
    if (!this.running) return;
    this.#postStarted = true;
    if (this.#prober?.ready) this.#settle();
  }

  #failed(error: unknown, event: (type: "Normal" | "Warning", reason: string, message: string) => void): void {
    const repeated = this.#waiting?.message === (error as Error).message;
    if (error instanceof ImagePullError) {
      this.#retryAtMs = error.retryAtMs ?? Infinity;
      event("Warning", "Failed", `Error: ${error.reason}`);
      this.#wait(error.reason, error.message);
    } else if (error instanceof ConfigError) {
      this.#retryAtMs = this.#context.clock.now() + CONFIG_RETRY_MS;
      if (!repeated) event("Warning", "Failed", `Error: ${error.message}`);
      this.#wait("CreateContainerConfigError", error.message);
    } else throw error;
  }

  async #postStart(): Promise<void> {
    try {
      await runHook(this.spec.lifecycle!.postStart!, this.#handlerContext(), new AbortController().signal);
    } catch (error) {
      if (!this.running) return;
      this.#event("Warning", "FailedPostStartHook", "PostStartHook failed");
      this.#context.log.warn(`postStart of ${this.spec.name}`, { error: errorMessage(error) });
      await this.#stop({ name: this.spec.name, message: "FailedPostStartHook" }, this.#around.pod().spec.terminationGracePeriodSeconds ?? 30, true);
    }
  }

  async #stop({ message }: KillAction, gracePeriodSeconds: number, runPreStop: boolean): Promise<void> {
    if (!this.running) return;
    const { clock, runtime } = this.#context;
    const beganMs = clock.now();
    this.#event("Normal", "Killing", message);
    const { preStop } = this.spec.lifecycle ?? {};
    let graceMs = gracePeriodSeconds * 1000;
    if (preStop && runPreStop && graceMs > 0) {
      await this.#preStop(preStop, graceMs);
      graceMs = Math.max(MIN_GRACE_MS, graceMs - (clock.now() - beganMs));
    }
    await runtime.stop(this.#last!.id, graceMs);
  }

  /** Runs the hook for at most the grace period; the container ending ends it too. */
  async #preStop(hook: NonNullable<NonNullable<Container["lifecycle"]>["preStop"]>, graceMs: number): Promise<void> {
    const over = new AbortController();
    try {
      const deadline = sleep(this.#context.clock, graceMs, over.signal).catch(() => undefined);
      await Promise.race([runHook(hook, this.#handlerContext(), over.signal), deadline]);
    } catch (error) {
      this.#event("Warning", "FailedPreStopHook", "PreStopHook failed");
      this.#context.log.warn(`preStop of ${this.spec.name}`, { error: errorMessage(error) });
    } finally {
      over.abort(new Error("preStop is over"));
    }
  }

  /** Takes up an adopted container where the earlier daemon left it. */
  #resume(): void {
    const { status } = this.#around.pod();
    const known = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].find(({ name }) => name === this.spec.name);
    this.#postStarted = true;
    this.#prober = this.#probe({ started: known?.started ?? false, ready: known?.ready ?? false });
  }

  #probe(known: { started: boolean; ready: boolean } | undefined): Prober {
    return new Prober({
      clock: this.#context.clock,
      container: this.spec,
      known,
      attempt: (probe) => attemptProbe(probe, this.#handlerContext()),
      onChange: () => {
        if (this.#prober?.ready) this.#settle();
        this.#around.changed();
      },
      onCondemned: (type, probe) => {
        const seconds = probe.terminationGracePeriodSeconds;
        this.#condemned = { message: `Container ${this.spec.name} failed ${type} probe, will be restarted`, gracePeriodSeconds: seconds };
        this.#around.changed();
      },
      onUnhealthy: (type, { result, message }: Outcome) => {
        const name = `${type[0]!.toUpperCase()}${type.slice(1)}`;
        this.#event("Warning", "Unhealthy", result === "error" ? `${name} probe errored: ${message}` : `${name} probe failed: ${message}`);
      },
    });
  }

  /** It listens, or has nothing to prove: what it still does is not the processor's work of starting, and the next may start. */
  #settle(): void {
    if (this.#last) this.#context.runtime.settled(this.#last.id);
  }

  #handlerContext(): HandlerContext {
    return {
      clock: this.#context.clock,
      container: this.spec,
      podIP: this.#around.podIP(),
      dial: async (ip, port) => {
        const connection = await this.#context.network.dial(ip, port);
        this.#settle();
        return connection;
      },
      exec: (command, signal) => this.#exec(command, signal),
    };
  }

  /** Keeps the last attempt and the one before. */
  async #forgetOld(): Promise<void> {
    const { uid } = this.#around.pod().metadata;
    for (const record of this.#context.runtime.list()) {
      const mine = record.config.pod.uid === uid && record.config.name === this.spec.name;
      if (mine && record.exit && record.id !== this.#last?.id && record.id !== this.#previous?.id) await this.#context.runtime.remove(record.id);
    }
  }
}

/**
 * Runs the probes of one started container until it is stopped.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/prober/prober_manager.go
 */
import type { Clock } from "#lib/clock.ts";
import type { Container, Probe } from "#api/types.ts";
import { initialState, record, type Outcome, type ProbeState, type ProbeType } from "./probe-state.ts";

/**
 * Until a container is first found started or ready it is also asked between its periods, from this
 * often on and ever more seldom, so that a pod is ready when it is and not up to a period later. What
 * these extra attempts find failing counts for nothing.
 */
const EAGER_MS = 50;
const EAGER_MAX_MS = 500;
/** Commands cost a process each. */
const EAGER_EXEC_MS = 250;

export interface ProberOptions {
  clock: Clock;
  container: Container;
  /** What an earlier daemon knew, so that a restart of the daemon takes no pod out of service. */
  known?: { started: boolean; ready: boolean } | undefined;
  attempt: (probe: Probe) => Promise<Outcome>;
  /** `started` or `ready` changed. */
  onChange: () => void;
  /** A liveness or startup probe has reached its failure threshold. Called once. */
  onCondemned: (type: "liveness" | "startup", probe: Probe) => void;
  /** An attempt that counts did not succeed. */
  onUnhealthy: (type: ProbeType, outcome: Outcome) => void;
}

export class Prober {
  readonly #options: ProberOptions;
  readonly #stops: (() => void)[] = [];
  #stopped = false;
  #started: boolean;
  #ready: boolean;

  constructor(options: ProberOptions) {
    const { startupProbe, readinessProbe, livenessProbe } = options.container;
    this.#options = options;
    this.#started = !startupProbe || (options.known?.started ?? false);
    this.#ready = this.#started && (!readinessProbe || (options.known?.ready ?? false));
    const rest = (): void => {
      if (livenessProbe) this.#run("liveness", livenessProbe);
      if (readinessProbe) this.#run("readiness", readinessProbe);
    };
    if (!startupProbe || this.#started) {
      rest();
      return;
    }
    const stop = this.#run("startup", startupProbe, () => {
      stop();
      this.#started = true;
      this.#ready = !readinessProbe;
      this.#options.onChange();
      rest();
    });
  }

  get started(): boolean {
    return this.#started;
  }

  get ready(): boolean {
    return this.#ready;
  }

  stop(): void {
    this.#stopped = true;
    for (const stop of this.#stops) stop();
  }

  /** Attempts a probe by its period. Returns a function that ends it. */
  #run(type: ProbeType, probe: Probe, onStarted?: () => void): () => void {
    const { clock, attempt, onUnhealthy, onCondemned } = this.#options;
    const periodMs = (probe.periodSeconds ?? 10) * 1000;
    let state: ProbeState = type === "readiness" && this.#ready ? { passing: true, last: "success", run: 1 } : initialState(type);
    let eager = type !== "liveness" && !state.passing;
    let eagerMs = probe.exec ? EAGER_EXEC_MS : EAGER_MS;
    let busy = false;
    let over = false;
    const timers = new Set<() => void>();
    const later = (delayMs: number, callback: () => void): void => {
      const cancel = clock.after(delayMs, () => {
        timers.delete(cancel);
        callback();
      });
      timers.add(cancel);
    };
    const stop = (): void => {
      over = true;
      for (const cancel of timers) cancel();
    };
    const ended = (): boolean => over || this.#stopped;

    const once = async (counts: boolean): Promise<void> => {
      if (busy || ended()) return;
      busy = true;
      let outcome: Outcome;
      try {
        outcome = await attempt(probe);
      } catch (error) {
        outcome = { result: "error", message: (error as Error).message };
      } finally {
        busy = false;
      }
      if (ended() || (!counts && outcome.result !== "success")) return;
      if (outcome.result !== "success") onUnhealthy(type, outcome);
      const next = record(state, probe, outcome);
      const changed = next.state.passing !== state.passing;
      state = next.state;
      if (state.passing) eager = false;
      if (type === "readiness" && changed) {
        this.#ready = state.passing;
        this.#options.onChange();
      } else if (type === "startup" && next.decided && state.passing) onStarted!();
      else if (type !== "readiness" && next.decided && !state.passing) {
        stop();
        onCondemned(type, probe);
      }
    };
    const tick = (): void => {
      later(periodMs, tick);
      void once(true);
    };
    const eagerTick = (): void => {
      if (!eager || ended()) return;
      void once(false).then(() => {
        if (!eager || ended()) return;
        later(eagerMs, eagerTick);
        eagerMs = Math.min(eagerMs * 1.5, EAGER_MAX_MS);
      });
    };
    const delayMs = (probe.initialDelaySeconds ?? 0) * 1000;
    // The first attempt that counts comes a period after the start: the eager ones, or the process's own start, come before.
    later(delayMs + periodMs, tick);
    if (eager) later(delayMs || eagerMs, eagerTick);
    this.#stops.push(stop);
    return stop;
  }
}

/**
 * How single probe attempts add up to a result. Pure.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/prober/worker.go
 */
import type { Probe } from "#api/types.ts";

export type ProbeType = "startup" | "liveness" | "readiness";

/** One attempt. An error says nothing about the container and changes nothing. */
export interface Outcome {
  result: "success" | "failure" | "error";
  message: string;
}

export interface ProbeState {
  /** The result in force. */
  passing: boolean;
  /** The last attempt's result and how often it came in a row. */
  last: "success" | "failure" | undefined;
  run: number;
}

/** Before the first attempt: alive until proven dead, but neither started nor ready until proven so. */
export function initialState(type: ProbeType): ProbeState {
  return { passing: type === "liveness", last: undefined, run: 0 };
}

/** The state after an attempt; `decided` when a threshold was reached by it. */
export function record(state: ProbeState, probe: Pick<Probe, "successThreshold" | "failureThreshold">, outcome: Outcome): { state: ProbeState; decided: boolean } {
  if (outcome.result === "error") return { state, decided: false };
  const run = state.last === outcome.result ? state.run + 1 : 1;
  const threshold = outcome.result === "success" ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
  const decided = run >= threshold;
  return { state: { passing: decided ? outcome.result === "success" : state.passing, last: outcome.result, run }, decided };
}

import { type Observation, type Pod, WINDOW_MS } from "./answers.ts";
import type { Palette } from "./colours.ts";

/** Also in the style sheet: labels and lanes stand side by side. */
export const LANE_PX = 22;
const MARK_PX = 2.5;

/** A service's last minute: one lane per pod, one mark per answer. Answers of nobody come last. */
export function drawLanes(canvas: HTMLCanvasElement, pods: readonly Pod[], observations: readonly Observation[], now: number, palette: Palette): void {
  const width = canvas.clientWidth;
  const lanes = pods.length + (observations.some(({ pod }) => pod === undefined) ? 1 : 0);
  const height = Math.max(lanes, 1) * LANE_PX;
  const scale = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d")!;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  const x = (at: number): number => ((at - now + WINDOW_MS) / WINDOW_MS) * width;
  const laneOf = new Map(pods.map((pod, index) => [pod.name, index]));

  context.fillStyle = palette.grid;
  for (let second = 10; second < 60; second += 10) context.fillRect(Math.round((second / 60) * width), 0, 1, height);

  // From a pod's first answer to its last: its life, as far as it shows.
  for (const [index, pod] of pods.entries()) {
    const from = Math.max(x(pod.firstAt), 0);
    context.fillStyle = palette.version(pod.version);
    context.globalAlpha = 0.14;
    context.beginPath();
    context.roundRect(from - 2, index * LANE_PX + 4, Math.max(x(pod.lastAt) - from, 0) + 4, LANE_PX - 8, 4);
    context.fill();
  }

  context.globalAlpha = 0.85;
  for (const observation of observations) {
    if (observation.error) continue;
    const lane = laneOf.get(observation.pod!);
    if (lane === undefined) continue;
    context.fillStyle = palette.version(observation.version!);
    context.fillRect(x(observation.at) - MARK_PX / 2, lane * LANE_PX + 6, MARK_PX, LANE_PX - 12);
  }
  // Errors last and taller: they must not hide behind good answers.
  context.globalAlpha = 1;
  context.fillStyle = palette.error;
  for (const observation of observations) {
    if (!observation.error) continue;
    const lane = observation.pod === undefined ? pods.length : (laneOf.get(observation.pod) ?? pods.length);
    context.fillRect(x(observation.at) - 2, lane * LANE_PX + 2, 4, LANE_PX - 4);
  }
}

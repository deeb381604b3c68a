/** What a start reports on its way; the daemon sends it, the supervisor passes it on, `up` shows it. */
import type { Urls } from "./instance.ts";
import type { Ports } from "./ports.ts";

export type Progress =
  | { type: "step"; step: Step; state: "started" | "done"; detail?: string; tookMs?: number }
  /** The cluster runs; `problems` names what did not come up in time (empty when all is well). */
  | { type: "ready"; urls: Urls; ports: Ports; tookMs: number; notes: string[]; problems: string[] }
  /** `refused`: it cannot work as asked, and the message says what to do. */
  | { type: "failed"; message: string; refused: boolean };

export type Report = (progress: Progress) => void;

/** The steps of a start, in the order in which they are shown. */
export const STEPS = {
  "control-plane": "Control plane",
  nodes: "Nodes",
  images: "Images",
  database: "PostgreSQL",
  services: "Services",
  ready: "Ready",
} as const;

export type Step = keyof typeof STEPS;

/** How a daemon's exit is to be read by its supervisor; any other end is a crash, and it is started again. */
export const EXIT = { stopped: 0, refused: 3, failed: 4 } as const;

/** How long until the first order, and what everything costs when nothing happens. */
import { BASELINE, startBare } from "./support/bare.ts";
import { startEmbedded } from "./support/embedded.ts";
import { figure, median, type Bench } from "./support/figures.ts";
import { cpuPercentOver, memoryOf } from "./support/usage.ts";

const WARM_STARTS = 3;
const IDLE_MS = 30_000;
/** What a start leaves to do (compile caches, checkpoints) is not idleness. */
const SETTLE_MS = 5_000;

const bench: Bench = async () => {
  const bare = await startBare();
  try {
    const embedded = await startEmbedded();
    try {
      const warm: number[] = [];
      for (let i = 0; i < WARM_STARTS; i++) warm.push(await embedded.restart());
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const [memory, bareMemory] = [memoryOf(embedded.pids()), memoryOf(bare.pids())];
      // Both at once: what else the machine does disturbs both alike.
      const [cpu, bareCpu] = await cpuPercentOver(IDLE_MS, embedded.pids, bare.pids);
      return {
        name: "start",
        baseline: BASELINE,
        figures: [
          figure({ name: "First order, cold", value: embedded.coldMs / 1000, unit: "s", baseline: bare.coldMs / 1000, aim: { atMost: 10 } }),
          figure({ name: "First order, warm", value: median(warm) / 1000, unit: "s", baseline: bare.warmMs / 1000, aim: { atMost: 4 } }),
          figure({ name: `Memory (${memory.measure})`, value: memory.mib, unit: "MiB", baseline: bareMemory.mib, aim: { atMost: 1024 } }),
          figure({ name: "Idle CPU", value: cpu!, unit: "% of a core", baseline: bareCpu!, aim: { atMost: 5 } }),
          figure({ name: "Processes", value: embedded.pids().length, unit: "", baseline: bare.pids().length }),
        ],
      };
    } finally {
      await embedded.stop();
    }
  } finally {
    await bare.stop();
  }
};

export default bench;

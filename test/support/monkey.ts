/** Kills processes of a cluster at random: containers, PostgreSQL's own children, the daemon, its supervisor. */
import { seededRng, type Rng } from "#lib/random.ts";
import { processesOf, type ProcessInfo } from "./processes.ts";
import { start, tidepool, type Started } from "./tidepool.ts";
import { pause, until } from "./wait.ts";

export interface Monkey {
  /** How often each kind was killed. */
  kills: Map<string, number>;
  /** Ends the killing; resolves when the cluster has been told to run. */
  stop(): Promise<void>;
}

/** What a process is, by its command. */
function kindOf({ command }: ProcessInfo): string {
  if (/\bsupervisor\.ts\b/.test(command)) return "supervisor";
  if (/\bdaemon\.ts\b/.test(command)) return "control plane";
  if (/postgres/.test(command)) return command.startsWith("postgres: ") ? "PostgreSQL worker" : "PostgreSQL";
  if (/\bmain\.cjs\b/.test(command)) return "service";
  return "other";
}

/** Kinds come up equally often, so that the many services do not shield the few others. */
function choose(processes: ProcessInfo[], rng: Rng): { victim: ProcessInfo; kind: string } | undefined {
  const byKind = [...Map.groupBy(processes, kindOf)].filter(([kind]) => kind !== "other");
  // A supervisor's end alone is quiet; most turns go to what serves.
  const candidates = rng() < 0.85 ? byKind.filter(([kind]) => kind !== "supervisor") : byKind;
  const chosen = candidates[Math.floor(rng() * candidates.length)];
  if (!chosen) return undefined;
  const [kind, members] = chosen;
  return { victim: members[Math.floor(rng() * members.length)]!, kind };
}

/** Starts killing; the seed decides whom and when. When the control plane lies dead and nobody restarts it, runs `upArgs`. */
export function startMonkey(dataDir: string, upArgs: string[], { seed, pauseMs }: { seed: number; pauseMs: [number, number] }): Monkey {
  const rng = seededRng(seed);
  const kills = new Map<string, number>();
  let stopped = false;
  let starting: Started | undefined;

  const ensureUp = (): void => {
    if (starting) return;
    const kinds = new Set(processesOf(dataDir).map(kindOf));
    if (kinds.has("supervisor") || kinds.has("control plane")) return;
    starting = start(process.execPath, upArgs, { timeoutMs: 180_000 });
    void starting.finished.catch(() => undefined).then(() => (starting = undefined));
  };

  const rampage = async (): Promise<void> => {
    while (!stopped) {
      await pause(pauseMs[0] + rng() * (pauseMs[1] - pauseMs[0]));
      const choice = choose(processesOf(dataDir), rng);
      if (choice && !stopped) {
        try {
          process.kill(choice.victim.pid, "SIGKILL");
          kills.set(choice.kind, (kills.get(choice.kind) ?? 0) + 1);
        } catch {
          // It was gone by itself.
        }
      }
      ensureUp();
    }
  };
  const running = rampage();
  return {
    kills,
    async stop() {
      stopped = true;
      await running;
      await starting?.finished;
      // A daemon without its supervisor would not survive the next crash: start over as `status` advises.
      const kinds = new Set(processesOf(dataDir).map(kindOf));
      if (!kinds.has("supervisor") && kinds.has("control plane")) await tidepool(["down", "--data", dataDir]);
      await until("the cluster to be told to run", () => {
        ensureUp();
        return starting === undefined;
      }, { timeoutMs: 120_000, everyMs: 500 });
    },
  };
}

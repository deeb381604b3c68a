/**
 * The store and the API server in front of it, beside etcd on the same disk. Figures through the API server are over TLS,
 * decoded, admitted and validated; etcd's are of the bare key-value store without TLS.
 *
 * STORE_BENCH_SCALE=0.01 makes everything a hundred times smaller, to see that it works.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { etcdVersion, startEtcd, type Etcd } from "./support/etcd.ts";
import { figure, median, type Bench, type Figure } from "./support/figures.ts";
import { runWork, type Measured, type Work } from "./support/key-value-load.ts";
import { measureRawStore, startStoreServer, type StoreServer } from "./support/store-server.ts";

const SCALE = Number(process.env["STORE_BENCH_SCALE"] ?? 1);
const SIZES = [10_000, 100_000].map((size) => Math.ceil(size * SCALE));
const ROUNDS = 3;
const ROUND_MS = 5_000 * Math.max(SCALE, 0.1);
const WRITERS = 64;
const WATCHERS = 20;
const WATCHED_PER_SECOND = 1_000;
const LISTS = 3;
const AIM_OF_CREATES = { ratioAtLeast: 0.8 };

/** One side of the comparison, in a directory of its own on the same disk. */
class Side<S extends StoreServer | Etcd> {
  readonly #start: () => Promise<S>;
  server: S;
  /** Names of objects that are there. */
  names: string[] = [];
  objects = 0;

  private constructor(start: () => Promise<S>, server: S) {
    this.#start = start;
    this.server = server;
  }

  static async start<S extends StoreServer | Etcd>(start: () => Promise<S>): Promise<Side<S>> {
    return new Side(start, await start());
  }

  async work(work: Work): Promise<Measured> {
    const measured = await runWork(this.server.target, work);
    if (work.do === "create") {
      this.names = measured.names;
      this.objects += measured.count;
    }
    if (work.do === "watch") this.objects += measured.count / work.watchers;
    return measured;
  }

  async fillTo(objects: number): Promise<void> {
    if (this.objects < objects) await this.work({ do: "create", users: WRITERS, count: objects - this.objects });
  }

  /** How long the next start takes. */
  async restart(): Promise<number> {
    await this.server.stop();
    this.server = await this.#start();
    return this.server.startedMs;
  }
}

type Sides = [ours: Side<StoreServer>, etcd: Side<Etcd> | undefined];

/** The same on both sides, in turn, as often as there are rounds. */
async function alternate(sides: Sides, measure: (side: Side<StoreServer | Etcd>) => Promise<number[]>, rounds = ROUNDS): Promise<{ value: number; baseline?: number }[]> {
  const all: number[][][] = [[], []];
  for (let round = 0; round < rounds; round++) {
    for (const index of round % 2 === 0 ? [0, 1] : [1, 0]) {
      const side = sides[index];
      if (side) all[index]!.push(await measure(side));
    }
  }
  return all[0]![0]!.map((_, column) => {
    const [value, baseline] = all.map((rows) => (rows.length > 0 ? median(rows.map((row) => row[column]!)) : undefined));
    return { value: value!, ...(baseline === undefined ? {} : { baseline }) };
  });
}

const bench: Bench = async () => {
  const directory = mkdtempSync(join(tmpdir(), "bench-store-"));
  const version = etcdVersion();
  const [ours, theirs] = ["ours", "etcd"].map((name) => join(directory, name)) as [string, string];
  mkdirSync(ours);
  const sides: Sides = [await Side.start(() => startStoreServer(ours)), version === undefined ? undefined : await Side.start(() => startEtcd(theirs))];
  try {
    const figures = [...(await creates(sides, directory)), ...(await watches(sides))];
    for (const size of SIZES) figures.push(...(await reads(sides, size)));
    figures.push(...(await restarts(sides)));
    return { name: "store", baseline: version ?? "none: etcd is not installed here (apt-get install etcd-server)", figures };
  } finally {
    for (const side of sides) await side?.server.stop();
    rmSync(directory, { recursive: true });
  }
};

export default bench;

async function creates(sides: Sides, directory: string): Promise<Figure[]> {
  const [rate, p99] = (await alternate(sides, async (side) => {
    const { perSecond, p99Ms } = await side.work({ do: "create", users: WRITERS, durationMs: ROUND_MS });
    return [perSecond, p99Ms];
  })) as [{ value: number }, { value: number }];
  const raw: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const place = join(directory, `raw-${round}`);
    mkdirSync(place);
    raw.push(await measureRawStore(place, WRITERS, ROUND_MS));
  }
  return [
    figure({ name: `Durable creates into the store itself, ${WRITERS} writers`, unit: "/s", ...rate, value: median(raw), aim: AIM_OF_CREATES }),
    figure({ name: `Durable creates through the API server, ${WRITERS} writers`, unit: "/s", ...rate, aim: AIM_OF_CREATES }),
    figure({ name: "  p99", unit: "ms", ...p99 }),
  ];
}

async function watches(sides: Sides): Promise<Figure[]> {
  const [p50, p99] = (await alternate(sides, async (side) => {
    const measured = await side.work({ do: "watch", watchers: WATCHERS, perSecond: WATCHED_PER_SECOND, durationMs: ROUND_MS });
    return [measured.p50Ms, measured.p99Ms];
  })) as [{ value: number }, { value: number }];
  return [
    figure({ name: `From a create to each of ${WATCHERS} watchers, ${WATCHED_PER_SECOND}/s, p50`, unit: "ms", ...p50 }),
    figure({ name: "  p99", unit: "ms", ...p99, aim: { atMost: 50 } }),
  ];
}

async function reads(sides: Sides, size: number): Promise<Figure[]> {
  for (const side of sides) await side?.fillTo(size);
  const objects = size.toLocaleString("en");
  const [get, get99, list, memory, during99] = (await alternate(sides, async (side) => {
    const gets: Work = { do: "get", objects: side.names, durationMs: ROUND_MS / 2 };
    const alone = await side.work(gets);
    const peak = watchPeak(side.server.pid);
    const lists = await side.work({ do: "list", count: LISTS });
    const grownMiB = peak();
    // Gets by a process of its own, for as long as lists are read by another.
    let listing = true;
    const reading = (async () => {
      while (listing) await side.work({ do: "list", count: 1 });
    })();
    const during = await side.work(gets);
    listing = false;
    await reading;
    return [alone.p50Ms, alone.p99Ms, lists.p50Ms, grownMiB, during.p99Ms];
  })) as { value: number }[];
  const large = size === SIZES.at(-1);
  return [
    figure({ name: `Get among ${objects} objects, p50`, unit: "ms", ...get! }),
    figure({ name: "  p99", unit: "ms", ...get99! }),
    figure({ name: "  p99 while others list them all", unit: "ms", ...during99! }),
    figure({ name: `List of ${objects} objects`, unit: "ms", ...list!, ...(large ? { aim: { atMost: 1500 } } : {}) }),
    figure({ name: "  memory it takes meanwhile", unit: "MiB", ...memory! }),
  ];
}

async function restarts(sides: Sides): Promise<Figure[]> {
  const [start] = (await alternate(sides, async (side) => [await side.restart()])) as [{ value: number }];
  const objects = Math.round(sides[0].objects).toLocaleString("en");
  return [figure({ name: `Start with ${objects} objects until it serves`, unit: "ms", ...start, aim: { atMost: 2000 } })];
}

/** How much more memory a process has at its peak from now on, in MiB. */
function watchPeak(pid: number): () => number {
  const read = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  // 5 resets the peak: proc(5).
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
  const before = read("VmRSS");
  return () => Math.max(0, read("VmHWM") - before);
}

/**
 * Work on a key-value target in a process of its own, as its clients are. Started by {@link runWork} with its task as an
 * argument; sends one message with what it measured.
 */
import { fork } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build as buildHistogram, type Histogram } from "hdr-histogram-js";
import { keyValueClient, type KeyValueClient, type Target } from "./key-value-clients.ts";

export type Work =
  /** Creates by so many users at once, each waiting for its answer, until there are `count` or the time is over. */
  | { do: "create"; users: number; count?: number; durationMs?: number }
  /** Gets of `objects` by one user. */
  | { do: "get"; objects: string[]; durationMs: number }
  /** Full lists, one after the other. */
  | { do: "list"; count: number }
  /** Watchers on connections of their own, and creates at a steady rate; measures from the sending of a create to its arrival at each. */
  | { do: "watch"; watchers: number; perSecond: number; durationMs: number };

export interface Measured {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  count: number;
  /** Of the last answer. */
  bytes: number;
  /** Names of some objects that were created. */
  names: string[];
}

export function runWork(target: Target, work: Work): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [JSON.stringify({ target, work })], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    child.on("message", (measured) => resolve(measured as Measured));
    child.on("error", reject);
    child.on("exit", (code) => code !== 0 && reject(new Error(`the load ended with ${code}`)));
  });
}

const SENT_AT = '"sentAt":"';
/** Digits of a time of sending, so that it is found in a stream without parsing it. */
const TIME_LENGTH = 16;
const SAMPLE = 500;

class Measurement {
  readonly #histogram: Histogram = buildHistogram({ lowestDiscernibleValue: 1, highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: 3 });
  readonly #startedAt = performance.now();
  readonly names: string[] = [];
  #count = 0;
  bytes = 0;

  record(durationMs: number): void {
    this.#count++;
    this.#histogram.recordValue(Math.max(1, Math.round(durationMs * 1000)));
  }

  result(): Measured {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const at = (percentile: number): number => this.#histogram.getValueAtPercentile(percentile) / 1000;
    return { perSecond: this.#count / seconds, p50Ms: at(50), p99Ms: at(99), count: this.#count, bytes: this.bytes, names: this.names };
  }
}

let number = Date.now();
const newName = (): string => `bench-${number++}-${process.pid}`;
const timeNow = (): string => (performance.timeOrigin + performance.now()).toFixed(2).padStart(TIME_LENGTH, "0");
const valueOf = (name: string): string =>
  JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default", labels: { app: "bench" } }, data: { sentAt: timeNow(), text: "x".repeat(500) } });

async function work(target: Target, task: Work): Promise<Measured> {
  const measurement = new Measurement();
  const client = keyValueClient(target);
  const timed = async <T>(action: () => Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    const result = await action();
    measurement.record(performance.now() - startedAt);
    return result;
  };
  switch (task.do) {
    case "create": {
      const deadline = performance.now() + (task.durationMs ?? Infinity);
      let left = task.count ?? Infinity;
      const user = async (): Promise<void> => {
        while (left-- > 0 && performance.now() < deadline) {
          const name = newName();
          await timed(() => client.create(name, valueOf(name)));
          if (measurement.names.length < SAMPLE) measurement.names.push(name);
        }
      };
      await Promise.all(Array.from({ length: task.users }, user));
      break;
    }
    case "get": {
      const deadline = performance.now() + task.durationMs;
      for (let i = 0; performance.now() < deadline; i++) await timed(() => client.get(task.objects[i % task.objects.length]!));
      break;
    }
    case "list":
      for (let i = 0; i < task.count; i++) measurement.bytes = await timed(() => client.list());
      break;
    case "watch":
      await fanOut(target, client, task, measurement);
      break;
  }
  const result = measurement.result();
  client.close();
  return result;
}

async function fanOut(target: Target, writer: KeyValueClient, { watchers, perSecond, durationMs }: Extract<Work, { do: "watch" }>, measurement: Measurement): Promise<void> {
  const clients = Array.from({ length: watchers }, () => keyValueClient(target));
  let arrived = 0;
  await Promise.all(
    clients.map((client) => {
      let rest = "";
      return client.watch((piece) => {
        const now = performance.timeOrigin + performance.now();
        rest += piece.toString("latin1");
        for (let at = rest.indexOf(SENT_AT); at >= 0 && rest.length >= at + SENT_AT.length + TIME_LENGTH; at = rest.indexOf(SENT_AT)) {
          measurement.record(now - Number(rest.slice(at + SENT_AT.length, at + SENT_AT.length + TIME_LENGTH)));
          arrived++;
          rest = rest.slice(at + SENT_AT.length + TIME_LENGTH);
        }
        // What may be the beginning of the next mark.
        const mark = rest.indexOf(SENT_AT);
        rest = mark >= 0 ? rest.slice(mark) : rest.slice(-SENT_AT.length);
      });
    }),
  );
  const startedAt = performance.now();
  const writes: Promise<void>[] = [];
  const total = Math.round((perSecond * durationMs) / 1000);
  while (writes.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) * perSecond) / 1000));
    while (writes.length < due) {
      const name = newName();
      writes.push(writer.create(name, valueOf(name)));
    }
    await delay(1);
  }
  await Promise.all(writes);
  while (arrived < total * watchers) await delay(5);
  for (const client of clients) client.close();
}

if (import.meta.main) {
  const { target, work: task } = JSON.parse(process.argv[2]!) as { target: Target; work: Work };
  const result = await work(target, task);
  process.send!(result, () => process.exit(0));
}

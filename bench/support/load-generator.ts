/**
 * A closed loop of users in a process of its own: each waits for its answer before it asks again. Started by {@link runLoad}
 * with its task as an argument; sends one message with what it measured.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build as buildHistogram } from "hdr-histogram-js";
import { Pool } from "undici";

export interface LoadTask {
  url: string;
  method: "GET" | "POST";
  path: string;
  body?: string;
  users: number;
  durationMs: number;
  expect: number;
  /** PEM; for HTTPS with a client certificate. */
  tls?: { ca: string; cert: string; key: string };
  /** Replaces {n} in path and body by a number of its own for each request. */
  numbered?: boolean;
}

export interface LoadResult {
  perSecond: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  requests: number;
  errors: number;
  firstError?: string;
}

/** Runs the task in a child process and returns what it measured. */
export function runLoad(task: LoadTask): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(task)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    child.on("message", (result) => resolve(result as LoadResult));
    child.on("error", reject);
    child.on("exit", (code) => code !== 0 && reject(new Error(`the load generator ended with ${code}`)));
  });
}

async function generate({ url, method, path, body, users, durationMs, expect, tls, numbered }: LoadTask): Promise<LoadResult> {
  const pool = new Pool(url, { connections: users, pipelining: 1, ...(tls ? { connect: tls } : {}) });
  const histogram = buildHistogram({ lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
  const startedAt = performance.now();
  const deadline = startedAt + durationMs;
  let requests = 0;
  let errors = 0;
  let firstError: string | undefined;
  let number = Date.now();

  const user = async (): Promise<void> => {
    while (performance.now() < deadline) {
      const fill = (text: string): string => (numbered ? text.replaceAll("{n}", String(number++)) : text);
      const sentAt = performance.now();
      try {
        const { statusCode, body: answer } = await pool.request({
          method,
          path: fill(path),
          ...(body === undefined ? {} : { body: fill(body), headers: { "content-type": "application/json" } }),
        });
        const text = await answer.text();
        if (statusCode !== expect) {
          errors++;
          firstError ??= `${statusCode} ${text.slice(0, 300)}`;
        }
      } catch (error) {
        errors++;
        firstError ??= String(error);
      }
      requests++;
      histogram.recordValue(Math.max(1, Math.round((performance.now() - sentAt) * 1000)));
    }
  };
  await Promise.all(Array.from({ length: users }, user));
  const seconds = (performance.now() - startedAt) / 1000;
  await pool.close();
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1000;
  return { perSecond: (requests - errors) / seconds, p50Ms: at(50), p95Ms: at(95), p99Ms: at(99), requests, errors, ...(firstError === undefined ? {} : { firstError }) };
}

if (import.meta.main) {
  const result = await generate(JSON.parse(process.argv[2]!) as LoadTask);
  process.send!(result, () => process.exit(0));
}

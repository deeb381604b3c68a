/** Throughput and latency: a hundred users who order, and the control plane under writers and readers. */
import { ClusterApi } from "../test/support/api.ts";
import { FIRST_ORDER } from "../test/support/shop.ts";
import { measureApi, startBareApi, tlsOf, type ApiLoad } from "./support/api-load.ts";
import { BASELINE, startBare } from "./support/bare.ts";
import { startEmbedded, type Embedded } from "./support/embedded.ts";
import { figure, median, type Bench, type Figure } from "./support/figures.ts";
import { runLoad, type LoadResult } from "./support/load-generator.ts";
import { cpuSeconds, cpuSince } from "./support/usage.ts";

const USERS = 100;
const ROUNDS = 5;
const ROUND_MS = 6_000;
const WARM_UP_MS = 10_000;

/** A shop under load and the processes that serve it. */
interface Target {
  url: string;
  pids: () => number[];
}

const bench: Bench = async () => {
  const bare = await startBare();
  try {
    const embedded = await startEmbedded();
    try {
      // One gateway here as there: a second one would be a second CPU for the busiest part.
      await new ClusterApi(embedded.status.kubeconfig).scale("shop", "api-gateway", 1);
      return {
        name: "load",
        baseline: `${BASELINE} here and there; for the control plane, a bare HTTPS server that writes to SQLite durably`,
        figures: [...(await ordersUnderLoad({ url: embedded.shop, pids: embedded.pids }, bare)), ...(await controlPlane(embedded))],
      };
    } finally {
      await embedded.stop();
    }
  } finally {
    await bare.stop();
  }
};

export default bench;

interface Round extends LoadResult {
  /** Of everything that serves, the load generator apart. Other work on the machine moves this less than the throughput. */
  cpuMsPerOrder: number;
}

async function orderRound({ url, pids }: Target, durationMs: number): Promise<Round> {
  const before = cpuSeconds(pids());
  const result = await runLoad({ url, method: "POST", path: "/api/orders", body: JSON.stringify(FIRST_ORDER), users: USERS, durationMs, expect: 201 });
  return { ...result, cpuMsPerOrder: (cpuSince(before, pids()) * 1000) / result.requests };
}

/** Rounds with and without the cluster take turns, so that what else the machine does falls on both. */
async function ordersUnderLoad(cluster: Target, bare: Target): Promise<Figure[]> {
  const warmUp = await orderRound(cluster, WARM_UP_MS);
  await orderRound(bare, WARM_UP_MS);
  const with_: Round[] = [];
  const without: Round[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const first = round % 2 === 0;
    if (first) with_.push(await orderRound(cluster, ROUND_MS));
    without.push(await orderRound(bare, ROUND_MS));
    if (!first) with_.push(await orderRound(cluster, ROUND_MS));
  }
  const both = (pick: (round: Round) => number): { value: number; baseline: number } => ({ value: median(with_.map(pick)), baseline: median(without.map(pick)) });
  const firstError = [warmUp, ...with_].find((round) => round.firstError !== undefined)?.firstError;
  if (firstError !== undefined) process.stderr.write(`the first error: ${firstError}\n`);
  return [
    figure({ name: `Orders, ${USERS} users`, unit: "/s", ...both((round) => round.perSecond), aim: { ratioAtLeast: 0.9 } }),
    figure({ name: "  p50", unit: "ms", ...both((round) => round.p50Ms) }),
    figure({ name: "  p95", unit: "ms", ...both((round) => round.p95Ms) }),
    figure({ name: "  p99", unit: "ms", ...both((round) => round.p99Ms) }),
    figure({ name: "  CPU an order", unit: "ms", ...both((round) => round.cpuMsPerOrder) }),
    figure({ name: "  errors", unit: "", value: [warmUp, ...with_].reduce((total, round) => total + round.errors, 0), aim: { atMost: 0 } }),
  ];
}

async function controlPlane({ status }: Embedded): Promise<Figure[]> {
  const api = new ClusterApi(status.kubeconfig);
  await api.core.createNamespace({ body: { metadata: { name: "bench" } } });
  const { url, tls } = tlsOf(status.kubeconfig);
  const bareApi = await startBareApi();
  try {
    const measured = await measureApi(url, tls);
    const bare = await measureApi(bareApi.url, bareApi.tls);
    const both = (pick: (load: ApiLoad) => number): { value: number; baseline: number } => ({ value: pick(measured), baseline: pick(bare) });
    return [
      figure({ name: "API creates, 16 writers", unit: "/s", ...both(({ creates }) => creates.perSecond) }),
      figure({ name: "  p99", unit: "ms", ...both(({ creates }) => creates.p99Ms) }),
      figure({ name: "API list of 500, p50", unit: "ms", ...both(({ lists }) => lists.p50Ms) }),
      figure({ name: "  p99", unit: "ms", ...both(({ lists }) => lists.p99Ms) }),
      figure({ name: "  errors", unit: "", value: measured.creates.errors + measured.lists.errors, aim: { atMost: 0 } }),
    ];
  } finally {
    bareApi.stop();
  }
}

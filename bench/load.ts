/** Throughput and latency: a hundred users who order, and the control plane under writers and readers. */
import { ClusterApi } from "../test/support/api.ts";
import { FIRST_ORDER } from "../test/support/shop.ts";
import { measureApi, startBareApi, tlsOf, type ApiLoad } from "./support/api-load.ts";
import { BASELINE, startBare } from "./support/bare.ts";
import { startEmbedded, type Embedded } from "./support/embedded.ts";
import { figure, median, type Bench, type Figure } from "./support/figures.ts";
import { runLoad, type LoadResult } from "./support/load-generator.ts";

const USERS = 100;
const ROUNDS = 5;
const ROUND_MS = 6_000;
const WARM_UP_MS = 4_000;

const bench: Bench = async () => {
  const bare = await startBare();
  try {
    const embedded = await startEmbedded();
    try {
      return {
        name: "load",
        baseline: `${BASELINE}; for the control plane, a bare HTTPS server that writes to SQLite durably`,
        figures: [...(await ordersUnderLoad(embedded.shop, bare.url)), ...(await controlPlane(embedded))],
      };
    } finally {
      await embedded.stop();
    }
  } finally {
    await bare.stop();
  }
};

export default bench;

/** Rounds with and without the cluster take turns, so that what else the machine does falls on both. */
async function ordersUnderLoad(shop: string, bareShop: string): Promise<Figure[]> {
  const order = (url: string, durationMs: number): Promise<LoadResult> =>
    runLoad({ url, method: "POST", path: "/api/orders", body: JSON.stringify(FIRST_ORDER), users: USERS, durationMs, expect: 201 });
  const warmUp = [await order(shop, WARM_UP_MS), await order(bareShop, WARM_UP_MS)];
  const with_: LoadResult[] = [];
  const without: LoadResult[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const first = round % 2 === 0;
    if (first) with_.push(await order(shop, ROUND_MS));
    without.push(await order(bareShop, ROUND_MS));
    if (!first) with_.push(await order(shop, ROUND_MS));
  }
  const both = (pick: (result: LoadResult) => number): { value: number; baseline: number } => ({ value: median(with_.map(pick)), baseline: median(without.map(pick)) });
  const errors = [warmUp[0]!, ...with_];
  const firstError = errors.find((result) => result.firstError !== undefined)?.firstError;
  if (firstError !== undefined) process.stderr.write(`the first error: ${firstError}\n`);
  return [
    figure({ name: `Orders, ${USERS} users`, unit: "/s", ...both((result) => result.perSecond), aim: { ratioAtLeast: 0.9 } }),
    figure({ name: "  p50", unit: "ms", ...both((result) => result.p50Ms) }),
    figure({ name: "  p95", unit: "ms", ...both((result) => result.p95Ms) }),
    figure({ name: "  p99", unit: "ms", ...both((result) => result.p99Ms) }),
    figure({ name: "  errors", unit: "", value: errors.reduce((total, result) => total + result.errors, 0), aim: { atMost: 0 } }),
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

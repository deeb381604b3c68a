/** Starts the cluster of the end-to-end tests once, and takes it down whatever happens. */
import { SHARED_CLUSTER, startOwnCluster } from "../../test/support/cluster.ts";
import { buildEcho } from "../../test/support/workloads.ts";
import type { Tally } from "./tally.ts";

export async function withSharedCluster(tally: Tally, work: () => Promise<void>): Promise<void> {
  console.log("\nCluster\n  starting");
  const startedAt = performance.now();
  const cluster = await startOwnCluster().catch((error: unknown) => {
    tally.failures.push("the shared cluster starts");
    console.log(error instanceof Error ? error.message : error);
  });
  if (cluster === undefined) return;
  console.log(`  runs after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);

  const interrupted = new Promise<void>((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => resolve());
  });
  process.env[SHARED_CLUSTER] = cluster.dataDir;
  try {
    await buildEcho(cluster.dataDir);
    await Promise.race([work(), interrupted.then(() => tally.failures.push("the run was interrupted"))]);
  } finally {
    await cluster.stop().then(
      () => tally.passed++,
      (error: unknown) => {
        tally.failures.push("the shared cluster stops and leaves nothing running");
        console.log(error instanceof Error ? error.message : error);
      },
    );
  }
}

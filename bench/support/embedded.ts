/** The cluster as a user starts it, timed to the first order. */
import { rmSync } from "node:fs";
import { newDataDir } from "../../test/support/cluster.ts";
import { freePort } from "../../test/support/ports.ts";
import { processesOf } from "../../test/support/processes.ts";
import { FIRST_ORDER, placeOrder } from "../../test/support/shop.ts";
import { ANY_PORTS, BINARY, readStatus, start, tidepoolOk, type Status } from "../../test/support/tidepool.ts";
import { pause } from "../../test/support/wait.ts";

export interface Embedded {
  dataDir: string;
  shop: string;
  status: Status;
  /** The first start of this data directory. */
  coldMs: number;
  pids: () => number[];
  /** down, then up again: from the command to the first order. */
  restart(): Promise<number>;
  stop(): Promise<void>;
}

export async function startEmbedded(): Promise<Embedded> {
  const dataDir = newDataDir();
  const port = await freePort();
  const shop = `http://127.0.0.1:${port}`;
  const up = (): Promise<number> => untilFirstOrder(shop, ["up", "--data", dataDir, "--http-port", String(port), ...ANY_PORTS.slice(2)]);
  const stop = async (): Promise<void> => {
    await tidepoolOk(["down", "--data", dataDir]);
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    const coldMs = await up();
    return {
      dataDir,
      shop,
      coldMs,
      status: await readStatus(dataDir),
      pids: () => processesOf(dataDir).map(({ pid }) => pid),
      async restart() {
        await tidepoolOk(["down", "--data", dataDir]);
        return up();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Milliseconds from the command to the first order that is taken; then waits for the command's good end. */
async function untilFirstOrder(shop: string, args: string[]): Promise<number> {
  const startedAt = performance.now();
  const command = start(process.execPath, [BINARY, ...args], { timeoutMs: 180_000 });
  let ended = false;
  void command.finished.then(() => (ended = true), () => (ended = true));
  let tookMs: number | undefined;
  while (tookMs === undefined) {
    const answer = await placeOrder(shop, FIRST_ORDER).catch(() => undefined);
    if (answer?.status === 201) tookMs = performance.now() - startedAt;
    else if (ended && performance.now() - startedAt > 60_000) throw new Error(`no order was taken\n${command.output()}`);
    else await pause(20);
  }
  const { code, stdout, stderr } = await command.finished;
  if (code !== 0) throw new Error(`up ended with ${code}\n${stdout}${stderr}`);
  return tookMs;
}

import assert from "node:assert/strict";
import { chownSync, existsSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { after, describe, test } from "node:test";
import { ClusterApi } from "./support/api.ts";
import { assertNothingRuns, newDataDir, startOwnCluster } from "./support/cluster.ts";
import { listeningSockets, processesOf } from "./support/processes.ts";
import { get, placeOrder, type Order } from "./support/shop.ts";
import { ANY_PORTS, BINARY, readStatus, ROOT, start, startTidepool, tidepool, tidepoolOk, type Status } from "./support/tidepool.ts";
import { pause, until } from "./support/wait.ts";
import { which } from "./support/which.ts";

function ownDataDir(): string {
  const dataDir = newDataDir();
  after(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 }));
  return dataDir;
}

describe("the command line", () => {
  test("--help shows every command, and each command's has examples", async () => {
    const { stdout } = await tidepoolOk(["--help"]);
    for (const command of ["up", "down", "status", "reset", "logs", "kubeconfig", "build", "doctor"]) {
      assert.match(stdout, new RegExp(`^\\s+(tidepool )?${command}\\b`, "m"));
      assert.match((await tidepoolOk([command, "--help"])).stdout, /Examples:/);
    }
  });

  test("what it does not know is a usage error", async () => {
    assert.equal((await tidepool(["dance"])).code, 2);
    assert.equal((await tidepool(["up", "--colour", "blue"])).code, 2);
    assert.equal((await tidepool(["up", "--api-port", "many"])).code, 2);
  });

  test("without a cluster: status says stopped, down has nothing to do, kubeconfig says what to do", async () => {
    const dataDir = ownDataDir();
    assert.equal((await readStatus(dataDir)).state, "stopped");
    assert.equal((await tidepool(["down", "--data", dataDir])).code, 0);
    const { code, stderr, stdout } = await tidepool(["kubeconfig", "--data", dataDir]);
    assert.equal(code, 1);
    assert.match(stdout + stderr, /tidepool up/);
  });

  test("doctor reports as JSON", async () => {
    const { stdout } = await tidepool(["doctor", "--json", "--data", ownDataDir()]);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; result: string }[] };
    assert.ok(checks.some(({ name, result }) => name === "Node" && result === "ok"));
  });

  test("an occupied port is refused by name before anything starts", async () => {
    const dataDir = ownDataDir();
    const server = createServer();
    const port = await new Promise<number>((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)));
    after(() => server.close());
    const { code, stdout, stderr } = await tidepool(["up", "--data", dataDir, ...ANY_PORTS.slice(0, 4), "--api-port", String(port), "--registry-port", "0"]);
    assert.equal(code, 1);
    assert.match(stdout + stderr, new RegExp(`${port} is in use`));
    assert.match(stdout + stderr, /--api-port/);
    await assertNothingRuns(dataDir);
  });

  test("reset wants to be sure, and never deletes a directory that isn't its own", async () => {
    const dataDir = ownDataDir();
    const { code } = await tidepool(["reset", "--data", dataDir, "--yes"]);
    assert.equal(code, 1);
    assert.ok(existsSync(dataDir));
  });
});

// One cluster's life, in order.
describe("up and down", () => {
  const dataDir = ownDataDir();
  const up = (): ReturnType<typeof tidepoolOk> => tidepoolOk(["up", "--data", dataDir, ...ANY_PORTS], { timeoutMs: 180_000 });
  let order: Order;

  after(async () => {
    await tidepool(["down", "--data", dataDir]);
    await assertNothingRuns(dataDir);
  });

  test("up shows its steps, ends with the URLs and what to try, and returns", async () => {
    const { stdout } = await up();
    for (const step of ["Control plane", "Images", "PostgreSQL", "Services"]) assert.match(stdout, new RegExp(`✔ ${step}`));
    const { state, urls, nodes, pods } = await readStatus(dataDir);
    assert.equal(state, "running");
    for (const url of [urls!.shop!, urls!.apiServer, urls!.registry]) assert.ok(stdout.includes(url), `${url} in:\n${stdout}`);
    assert.equal(nodes.filter(({ ready }) => ready).length, 3);
    const count = (service: string): number => pods.filter(({ name, ready }) => name.startsWith(service) && ready === "1/1").length;
    assert.deepEqual([count("frontend-"), count("api-gateway-"), count("order-service-"), count("inventory-service-"), count("user-service-"), count("postgres-")], [2, 2, 3, 2, 2, 1]);
    order = (await placeOrder(urls!.shop!)).body;
  });

  test("kubeconfig --path names a file only its owner can read", async () => {
    const path = (await tidepoolOk(["kubeconfig", "--path", "--data", dataDir])).stdout.trim();
    assert.equal((await tidepoolOk(["kubeconfig", "--data", dataDir])).stdout, readFileSync(path, "utf8"));
    const { mode } = await import("node:fs").then(({ statSync }) => statSync(path));
    assert.equal(mode & 0o077, 0);
  });

  test("a second one on the same directory is refused", async () => {
    const { code, stdout, stderr } = await tidepool(["up", "--data", dataDir, ...ANY_PORTS]);
    assert.equal(code, 1);
    assert.match(stdout + stderr, /already runs/);
    assert.equal((await readStatus(dataDir)).state, "running", "and the first one is unharmed");
  });

  test("logs of the cluster, of a component, of a pod", async () => {
    const { pods } = await readStatus(dataDir);
    assert.ok((await tidepoolOk(["logs", "--data", dataDir])).stdout.length > 0);
    assert.match((await tidepoolOk(["logs", pods.find(({ name }) => name.startsWith("order-service"))!.name, "--data", dataDir])).stdout, /listening/);
    assert.equal((await tidepool(["logs", "nobody", "--data", dataDir])).code, 1);
  });

  test("kill -9 of the daemon: it is started again, pods keep running, orders are still there", async () => {
    const before = await readStatus(dataDir);
    process.kill(before.pid!, "SIGKILL");
    const now = await until("another daemon to run", async () => {
      const status = await readStatus(dataDir);
      return status.state === "running" && status.pid !== before.pid && status;
    }, { timeoutMs: 60_000 });
    assert.deepEqual(now.urls, before.urls, "where it was before");
    const shop = now.urls!.shop!;
    await until("an order", async () => (await placeOrder(shop)).status === 201);
    assert.equal((await get<Order>(`${shop}/api/orders/${order.id}`)).body.id, order.id);
  });

  test("kill -9 of the supervisor: the daemon starts another, which starts the next daemon", async () => {
    const supervisorOf = ({ processes }: Status) => processes.find(({ what }) => what === "supervisor")?.pid;
    const before = await readStatus(dataDir);
    process.kill(supervisorOf(before)!, "SIGKILL");
    const between = await until("another supervisor", async () => {
      const status = await readStatus(dataDir);
      return supervisorOf(status) !== undefined && supervisorOf(status) !== supervisorOf(before) && status;
    });
    assert.equal(between.pid, before.pid, "the daemon is the same");
    assert.deepEqual(between.problems, []);
    process.kill(between.pid!, "SIGKILL");
    const now = await until("another daemon to run", async () => {
      const status = await readStatus(dataDir);
      return status.state === "running" && status.pid !== before.pid && status;
    }, { timeoutMs: 60_000 });
    assert.equal(supervisorOf(now), supervisorOf(between));
    assert.deepEqual(now.urls, before.urls, "where it was before");
  });

  test("after a crash of everything, up works", async () => {
    const all = processesOf(dataDir);
    for (const { pid } of all) process.kill(pid, "SIGSTOP");
    for (const { pid } of all) process.kill(pid, "SIGKILL");
    await up();
    const { urls } = await readStatus(dataDir);
    assert.equal((await get<Order>(`${urls!.shop!}/api/orders/${order.id}`)).body.status, "confirmed");
  });

  test("after a crash of the control plane alone, up takes what is left or ends it: nothing runs twice", async () => {
    const { processes } = await readStatus(dataDir);
    const both = processes.filter(({ what }) => what === "supervisor" || what === "daemon");
    // Stopped first: neither sees the other die and replaces it.
    for (const { pid } of both) process.kill(pid, "SIGSTOP");
    for (const { pid } of both) process.kill(pid, "SIGKILL");
    await until("both to be dead", async () => (await readStatus(dataDir)).state === "stopped");
    await up();
    const status = await readStatus(dataDir);
    const containers = status.processes.filter(({ what }) => what.includes("/"));
    assert.equal(new Set(containers.map(({ what }) => what)).size, containers.length, JSON.stringify(containers));
    const shop = status.urls!.shop!;
    assert.equal((await placeOrder(shop)).status, 201);
  });

  test("down leaves nothing running; up brings back objects, images and orders", async () => {
    const api = new ClusterApi((await readStatus(dataDir)).kubeconfig);
    await api.create("default", { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "kept" }, data: { a: "1" } });
    await tidepoolOk(["down", "--data", dataDir]);
    await assertNothingRuns(dataDir);
    assert.equal((await readStatus(dataDir)).state, "stopped");
    await up();
    const { urls, kubeconfig } = await readStatus(dataDir);
    const kept = await new ClusterApi(kubeconfig).core.readNamespacedConfigMap({ namespace: "default", name: "kept" });
    assert.deepEqual(kept.data, { a: "1" });
    assert.equal((await get<Order>(`${urls!.shop!}/api/orders/${order.id}`)).body.id, order.id);
  });

  test("reset --yes stops it and deletes its state", async () => {
    assert.equal((await tidepool(["reset", "--data", dataDir])).code, 2, "without a terminal it wants --yes");
    await tidepoolOk(["reset", "--yes", "--data", dataDir]);
    await assertNothingRuns(dataDir);
    assert.equal(existsSync(dataDir), false);
  });
});

describe("Ctrl-C", () => {
  for (const delayMs of [150, 1_000, 2_500]) {
    test(`during up, after ${delayMs} ms: nothing stays`, async () => {
      const dataDir = ownDataDir();
      // Its own process group, which gets the signal as a whole, as from a terminal.
      const { child, finished, output } = startTidepool(["up", "--data", dataDir, ...ANY_PORTS], { detached: true });
      await pause(delayMs);
      process.kill(-child.pid!, "SIGINT");
      const { code } = await finished;
      assert.notEqual(code, 0, `it says that it did not succeed\n${output()}`);
      await assertNothingRuns(dataDir);
      assert.deepEqual(listeningSockets(dataDir), []);
    });
  }

  test("ends up --foreground in good order", async () => {
    const dataDir = ownDataDir();
    const { child, finished, output } = startTidepool(["up", "--foreground", "--no-shop", "--data", dataDir, ...ANY_PORTS], { detached: true });
    await until("it to run", async () => (await readStatus(dataDir)).state === "running", { everyMs: 300 });
    assert.equal(child.exitCode, null, "it stays in the foreground");
    process.kill(-child.pid!, "SIGINT");
    const { code } = await finished;
    assert.equal(code, 0, output());
    await assertNothingRuns(dataDir);
  });

  test("SIGTERM does too, as a container's runtime sends it", async () => {
    const dataDir = ownDataDir();
    const { child, finished, output } = startTidepool(["up", "--foreground", "--no-shop", "--data", dataDir, ...ANY_PORTS]);
    await until("it to run", async () => (await readStatus(dataDir)).state === "running", { everyMs: 300 });
    child.kill("SIGTERM");
    assert.equal((await finished).code, 0, output());
    await assertNothingRuns(dataDir);
  });
});

describe("an empty cluster", () => {
  test("up --no-shop has three nodes, no shop and no shop's URL", async () => {
    const { dataDir, stop } = await startOwnCluster(["--no-shop"]);
    try {
      const { urls, nodes, pods } = await readStatus(dataDir);
      assert.equal(urls!.shop, undefined);
      assert.equal(nodes.length, 3);
      assert.deepEqual(pods.filter(({ namespace }) => namespace === "shop"), []);
    } finally {
      await stop();
    }
  });
});

const NOBODY = 65_534;

function cannotBeAnother(): string | false {
  if (process.getuid?.() !== 0) return "these tests run as an ordinary user already";
  if (!which("setpriv")) return "there is no setpriv";
  return false;
}

describe("an ordinary user", { skip: cannotBeAnother() }, () => {
  test("starts it, orders, and stops it", async (t) => {
    const dataDir = ownDataDir();
    chownSync(dataDir, NOBODY, NOBODY);
    const asNobody = (...args: string[]): ReturnType<typeof start>["finished"] =>
      start("setpriv", [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", process.execPath, BINARY, ...args, "--data", dataDir], {
        env: { ...process.env, HOME: dataDir },
        timeoutMs: 180_000,
      }).finished;
    if ((await start("setpriv", [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "test", "-r", `${ROOT}/package.json`]).finished).code !== 0) {
      t.skip("other users can't read this checkout");
      return;
    }
    try {
      const { code, stdout, stderr } = await asNobody("up", ...ANY_PORTS);
      assert.equal(code, 0, stdout + stderr);
      const { urls } = JSON.parse((await asNobody("status", "--json")).stdout) as { urls: { shop: string } };
      assert.equal((await placeOrder(urls.shop)).status, 201);
    } finally {
      await asNobody("down");
      await assertNothingRuns(dataDir);
    }
  });
});

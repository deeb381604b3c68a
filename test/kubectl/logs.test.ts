import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { kubectlSuite } from "../support/kubectl.ts";
import { until } from "../support/wait.ts";
import { ECHO, echoPod } from "../support/workloads.ts";

const { kubectl, skip } = await kubectlSuite("kubectl-logs");

const TICKS = "let n = 0; setInterval(() => console.log('tick ' + ++n), 200)";

describe("kubectl logs", { skip }, () => {
  before(async () => {
    await kubectl.ok(["apply", "-f", "-"], {
      input: [
        echoPod("ticker", { script: TICKS, labels: { set: "all" } }),
        echoPod("done", { script: "for (const n of [1, 2, 3, 4, 5]) console.log('line ' + n); console.error('and an error')", spec: { restartPolicy: "Never" }, labels: { set: "all" } }),
        echoPod("crasher", { script: "console.log('run of ' + process.pid); setTimeout(() => process.exit(7), 300)" }),
        echoPod("two", {
          script: "console.log('from echo'); setInterval(() => {}, 1000)",
          spec: {
            containers: ["echo", "side"].map((name) => ({ name, image: `${ECHO}:v1`, command: ["node", "-e", `console.log('from ${name}'); setInterval(() => {}, 1000)`] })),
          },
        }),
      ],
    });
    await kubectl.ok(["wait", "pod/ticker", "pod/two", "--for=condition=Ready", "--timeout=60s"]);
    await kubectl.ok(["wait", "pod/done", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s"]);
  });

  test("both streams of a finished pod; --tail; --limit-bytes", async () => {
    const text = await kubectl.ok(["logs", "done"]);
    for (const line of ["line 1", "line 5", "and an error"]) assert.ok(text.split("\n").includes(line), text);
    assert.equal((await kubectl.ok(["logs", "done", "--tail=2"])).split("\n").length, 2);
    assert.equal(await kubectl.ok(["logs", "done", "--tail=0"]), "");
    assert.equal(await kubectl.ok(["logs", "done", "--limit-bytes=6"]), "line 1");
  });

  test("-f follows until it is stopped", async () => {
    const follow = kubectl.start(["logs", "-f", "ticker", "--tail=1"]);
    const first = Number(/tick (\d+)/.exec(await until("the first line", () => follow.output()))![1]);
    await until("three more lines", () => follow.output().includes(`tick ${first + 3}`));
  });

  test("-f ends when the container ends", async () => {
    assert.match(await kubectl.ok(["logs", "-f", "done"]), /line 5/);
  });

  test("--timestamps", async () => {
    assert.match(await kubectl.ok(["logs", "done", "--timestamps", "--tail=1"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d) /);
  });

  test("--since and --since-time leave older lines out", async () => {
    await until("some ticks", async () => (await kubectl.ok(["logs", "ticker"])).split("\n").length > 12);
    const all = (await kubectl.ok(["logs", "ticker"])).split("\n").length;
    const recent = (await kubectl.ok(["logs", "ticker", "--since=1s"])).split("\n").length;
    assert.ok(recent < all && recent >= 1, `${recent} of ${all} lines`);
    assert.equal(await kubectl.ok(["logs", "done", `--since-time=${new Date(Date.now() + 3_600_000).toISOString()}`]), "");
  });

  test("--previous is the container before the restart", async () => {
    await until("a restart", async () => (await kubectl.json(["get", "pod", "crasher"])).status.containerStatuses?.[0].restartCount >= 1);
    assert.match(await kubectl.ok(["logs", "crasher", "--previous"]), /^run of \d+$/);
    const [status] = (await kubectl.json(["get", "pod", "crasher"])).status.containerStatuses;
    assert.equal(status.lastState.terminated.exitCode, 7);
    assert.match(await kubectl.fails(["logs", "done", "--previous"]), /previous terminated container "echo" in pod "done" not found/);
  });

  test("a crashing container ends in CrashLoopBackOff", async () => {
    await until("CrashLoopBackOff", async () => /CrashLoopBackOff/.test(await kubectl.ok(["get", "pod", "crasher"])), { timeoutMs: 60_000 });
  });

  test("-c, --all-containers, --prefix, -l", async () => {
    assert.equal(await kubectl.ok(["logs", "two", "-c", "side"]), "from side");
    assert.match((await kubectl.run(["logs", "two"])).stderr, /Defaulted container "echo" out of: echo, side/);
    assert.deepEqual((await kubectl.ok(["logs", "two", "--all-containers"])).split("\n").sort(), ["from echo", "from side"]);
    assert.match(await kubectl.ok(["logs", "two", "--all-containers", "--prefix"]), /^\[pod\/two\/echo\] from echo$/m);
    assert.match(await kubectl.ok(["logs", "-l", "set=all", "--tail=1"]), /tick \d+/);
    assert.match(await kubectl.fails(["logs", "two", "-c", "nobody"]), /container nobody is not valid for pod two/);
  });

  test("lines that are long or without an end come through whole", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: echoPod("long", { script: "process.stdout.write('x'.repeat(100000) + '\\n' + '한국어 end')", spec: { restartPolicy: "Never" } }) });
    await kubectl.ok(["wait", "pod/long", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=30s"]);
    assert.equal(await kubectl.ok(["logs", "long"]), `${"x".repeat(100_000)}\n한국어 end`);
  });
});

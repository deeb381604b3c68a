import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { spawn as spawnPty } from "@lydell/node-pty";
import { kubectlSuite } from "../support/kubectl.ts";
import { until } from "../support/wait.ts";
import { which } from "../support/which.ts";
import { echoDeployment, echoPod, service } from "../support/workloads.ts";

const { kubectl, skip } = await kubectlSuite("kubectl-exec");

describe("kubectl exec, cp, port-forward, attach", { skip }, () => {
  const scratch = mkdtempSync(join(tmpdir(), "tidepool-cp-"));
  after(() => rmSync(scratch, { recursive: true, force: true }));

  before(async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: [echoPod("web", { env: { GREETING: "hello" } }), echoDeployment("many"), service("many")] });
    await kubectl.ok(["wait", "pod/web", "--for=condition=Ready", "--timeout=60s"]);
    await kubectl.ok(["rollout", "status", "deployment/many", "--timeout=60s"]);
  });

  test("exec: output, error output and environment", async () => {
    const { code, stdout, stderr } = await kubectl.run(["exec", "web", "--", "node", "-e", "console.log(process.env.GREETING); console.error('oops')"]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "hello\n");
    assert.equal(stderr, "oops\n");
  });

  test("exec: the command's exit code is kubectl's", async () => {
    const { code, stderr } = await kubectl.run(["exec", "web", "--", "node", "-e", "process.exit(42)"]);
    assert.equal(code, 42);
    assert.match(stderr, /command terminated with exit code 42/);
    assert.match(await kubectl.fails(["exec", "web", "--", "no-such-program"]), /no-such-program/);
  });

  test("exec -i: standard input goes in and its end is seen", async () => {
    const script = "let n = 0; process.stdin.on('data', (d) => n += d.length).on('end', () => console.log(n))";
    assert.equal(await kubectl.ok(["exec", "-i", "web", "--", "node", "-e", script], { input: "x".repeat(300_000) }), "300000");
  });

  test("exec: a megabyte of output arrives whole", async () => {
    assert.equal((await kubectl.ok(["exec", "web", "--", "node", "-e", "process.stdout.write('y'.repeat(1 << 20))"])).length, 1 << 20);
  });

  test("exec deploy/NAME picks a pod; an unknown container is refused", async () => {
    assert.match(await kubectl.ok(["exec", "deploy/many", "--", "node", "-p", "os.hostname()"]), /^many-/);
    assert.match(await kubectl.fails(["exec", "web", "-c", "nobody", "--", "node"]), /container nobody is not valid for pod web|container not found/);
  });

  test("exec -it: a terminal with its size, echo and Ctrl-C", async () => {
    const terminal = spawnPty(kubectl.path, ["-n", "kubectl-exec", "exec", "-it", "web", "--", "node", "-i"], { cols: 91, rows: 17, env: kubectl.env });
    let screen = "";
    terminal.onData((text) => (screen += text));
    const ended = new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
    const shows = (pattern: RegExp): Promise<unknown> => until(`${pattern} on the terminal`, () => pattern.test(screen)).catch((error: unknown) => assert.fail(`${String(error)}\n${screen}`));
    await shows(/> /);
    terminal.write("`${process.stdout.isTTY} ${process.stdout.columns}x${process.stdout.rows}`\r");
    await shows(/true 91x17/);
    terminal.resize(120, 30);
    await until("the new size", () => {
      terminal.write("'size ' + process.stdout.columns\r");
      return screen.includes("size 120");
    }, { everyMs: 300 });
    terminal.write("while (true) {}\r");
    terminal.write("\x03");
    await shows(/interrupted|SIGINT/);
    terminal.write(".exit\r");
    assert.equal(await ended, 0);
  });

  test("port-forward to a pod, and to a service by its port's name", async () => {
    for (const [target, port, pod] of [["pod/web", "8080", /^web$/], ["service/many", "http", /^many-/]] as const) {
      const forward = kubectl.start(["port-forward", target, `:${port}`]);
      const local = await until("the local port", () => /Forwarding from 127\.0\.0\.1:(\d+) ->/.exec(forward.output())?.[1]);
      const answers = await Promise.all(
        Array.from({ length: 10 }, async () => (await (await fetch(`http://127.0.0.1:${local}/`)).json()) as { pod: string }),
      );
      for (const answer of answers) assert.match(answer.pod, pod);
      forward.child.kill("SIGINT");
      await forward.finished;
    }
  });

  test("port-forward to a port nobody listens on says so", async () => {
    const forward = kubectl.start(["port-forward", "pod/web", ":9"]);
    const local = await until("the local port", () => /Forwarding from 127\.0\.0\.1:(\d+) ->/.exec(forward.output())?.[1]);
    await assert.rejects(fetch(`http://127.0.0.1:${local}/`));
    await until("the reason", () => /error forwarding port 9/.test(forward.output()));
  });

  test("cp both ways, a file and a directory", { skip: which("tar") ? false : "there is no tar" }, async () => {
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7) % 256));
    writeFileSync(join(scratch, "up.bin"), bytes);
    await kubectl.ok(["cp", join(scratch, "up.bin"), "web:copied.bin"]);
    assert.equal(await kubectl.ok(["exec", "web", "--", "node", "-p", "fs.statSync('copied.bin').size"]), "200000");
    await kubectl.ok(["cp", "web:copied.bin", join(scratch, "down.bin")]);
    assert.ok(readFileSync(join(scratch, "down.bin")).equals(bytes));
    mkdirSync(join(scratch, "folder/inner"), { recursive: true });
    writeFileSync(join(scratch, "folder/inner/a.txt"), "a");
    await kubectl.ok(["cp", join(scratch, "folder"), "web:folder"]);
    assert.equal(await kubectl.ok(["exec", "web", "--", "node", "-p", "fs.readFileSync('folder/inner/a.txt', 'utf8')"]), "a");
  });

  test("attach shows what the container prints", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: echoPod("ticker", { script: "let n = 0; setInterval(() => console.log('tick ' + ++n), 200)" }) });
    await kubectl.ok(["wait", "pod/ticker", "--for=condition=Ready", "--timeout=30s"]);
    const attached = kubectl.start(["attach", "ticker"]);
    await until("two ticks", () => (attached.output().match(/tick \d+/g) ?? []).length >= 2);
  });
});

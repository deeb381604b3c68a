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

  /** A terminal that runs `kubectl exec -it web -- COMMAND`. */
  function terminal(...command: string[]): { write: (text: string) => void; resize: (columns: number, rows: number) => void; shows: (pattern: RegExp) => Promise<void>; ended: Promise<number> } {
    const pty = spawnPty(kubectl.path, ["-n", "kubectl-exec", "exec", "-it", "web", "--", ...command], { cols: 91, rows: 17, env: kubectl.env });
    let screen = "";
    pty.onData((text) => (screen += text));
    return {
      write: (text) => pty.write(text),
      resize: (columns, rows) => pty.resize(columns, rows),
      shows: async (pattern) => void (await until(`${pattern} on the terminal`, () => pattern.test(screen), { timeoutMs: 10_000 }).catch(() => assert.fail(`no ${pattern} in:\n${screen}`))),
      ended: new Promise((resolve) => pty.onExit(({ exitCode }) => resolve(exitCode))),
    };
  }

  test("exec -it: a terminal with its size, that follows when the window is resized", async () => {
    const { write, resize, shows, ended } = terminal("node", "-e", "const show = () => console.log(`size ${process.stdout.columns} ${process.stdout.rows}`); process.stdout.on('resize', show); show(); process.stdin.on('data', (d) => process.exit(d.includes('q') ? 4 : 5))");
    await shows(/size 91 17/);
    resize(120, 30);
    await shows(/size 120 30/);
    write("q\r");
    assert.equal(await ended, 4, "the program's exit code");
  });

  test("exec -it: Ctrl-C interrupts the program, not kubectl", async () => {
    const { write, shows, ended } = terminal("node", "-e", "process.on('SIGINT', () => { console.log('interrupted'); process.exit(6) }); setInterval(() => {}, 1000); console.log('waiting')");
    await shows(/waiting/);
    write("\x03");
    await shows(/interrupted/);
    assert.equal(await ended, 6);
  });

  test("exec -it: Node's prompt", async () => {
    const { write, shows, ended } = terminal("node", "-i");
    await shows(/> /);
    write("6 * 7\r");
    await shows(/42/);
    write(".exit\r");
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
    await kubectl.ok(["cp", join(scratch, "up.bin"), "web:/tmp/copied.bin"]);
    assert.equal(await kubectl.ok(["exec", "web", "--", "node", "-p", "fs.statSync('/tmp/copied.bin').size"]), "200000");
    await kubectl.ok(["cp", "web:/tmp/copied.bin", join(scratch, "down.bin")]);
    assert.ok(readFileSync(join(scratch, "down.bin")).equals(bytes));
    mkdirSync(join(scratch, "folder/inner"), { recursive: true });
    writeFileSync(join(scratch, "folder/inner/a.txt"), "a");
    await kubectl.ok(["cp", join(scratch, "folder"), "web:/tmp/folder"]);
    assert.equal(await kubectl.ok(["exec", "web", "--", "node", "-p", "fs.readFileSync('/tmp/folder/inner/a.txt', 'utf8')"]), "a");
  });

  test("attach shows what the container prints", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: echoPod("ticker", { script: "let n = 0; setInterval(() => console.log('tick ' + ++n), 200)" }) });
    await kubectl.ok(["wait", "pod/ticker", "--for=condition=Ready", "--timeout=30s"]);
    const attached = kubectl.start(["attach", "ticker"]);
    await until("two ticks", () => (attached.output().match(/tick \d+/g) ?? []).length >= 2);
  });
});

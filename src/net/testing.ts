/** For tests of this folder and its neighbours: a network of real processes, without a cluster. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentConfig, Mount } from "./agent/config.ts";
import { buildAgent } from "./agent/build.ts";
import { withAgent } from "./node-options.ts";
import { TablePublisher } from "./control.ts";
import type { Endpoint, ServiceEntry, Table } from "./table.ts";

export const TEST_RANGES = { pods: "10.244.0.0/16", services: "10.96.0.0/12", nodes: "172.30.0.0/24" };

/** A table of ClusterIP Services in namespace `shop`: name to address, ports and endpoints. */
export function tableOf(services: Record<string, { clusterIP?: string; port?: number; endpoints?: string[] } & Partial<ServiceEntry>>): Table {
  const table: Table = { services: {}, hosts: {}, nodes: { "tidepool-control-plane": "172.30.0.2", "tidepool-worker": "172.30.0.3" } };
  for (const [name, { port, endpoints = [], ...rest }] of Object.entries(services)) {
    const targets: Endpoint[] = endpoints.map((text) => ({ ip: text.split(":")[0]!, port: Number(text.split(":")[1]), node: "tidepool-worker", state: "ready" }));
    table.services[`shop/${name}`] = {
      namespace: "shop",
      name,
      ports: port ? [{ name: "http", protocol: "TCP", port, endpoints: targets }] : [],
      addresses: targets.map(({ ip }) => ({ ip })),
      ...rest,
    };
  }
  return table;
}

export interface Program {
  child: ChildProcess;
  /** The next line of its standard output. Rejects when it ends first, with what it said on standard error. */
  line(): Promise<string>;
  /** Its end, with all it said. */
  end: Promise<{ code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }>;
}

export interface TestNetwork {
  socketDir: string;
  agent: string;
  publisher: TablePublisher;
  /** Runs a program as a process of the pod with this address. `source` is CommonJS unless `esm`. */
  run(ip: string, source: string, options?: RunOptions): Promise<Program>;
  /** Runs a program to its end and returns its output; throws when it fails. */
  output(ip: string, source: string, options?: RunOptions): Promise<string>;
  close(): Promise<void>;
}

export interface RunOptions {
  esm?: boolean;
  mounts?: Mount[];
  env?: Record<string, string>;
  node?: string;
  config?: Partial<AgentConfig>;
  cwd?: string;
  nodeArguments?: string[];
}

export async function startTestNetwork(table: Table): Promise<TestNetwork> {
  const socketDir = await mkdtemp(join(tmpdir(), "tp-"));
  const agent = await buildAgent(socketDir);
  const publisher = new TablePublisher();
  await publisher.listen(socketDir);
  publisher.publish(table);
  const children: ChildProcess[] = [];
  let count = 0;

  async function run(ip: string, source: string, options: RunOptions = {}): Promise<Program> {
    const config: AgentConfig = {
      uid: `uid-${ip}`,
      namespace: "shop",
      name: "web-1",
      ip,
      hostname: "web-1",
      node: "tidepool-worker",
      hostNetwork: false,
      socketDir,
      ranges: TEST_RANGES,
      resolver: { domain: "cluster.local", search: ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local"], ndots: 5, aliases: { "web-1": [ip] } },
      nameserver: "10.96.0.10",
      hostDirectories: [socketDir],
      ...options.config,
    };
    const number = count++;
    const configFile = join(socketDir, `pod-${number}.json`);
    await writeFile(configFile, JSON.stringify(config));
    // Beside the repository's modules, so that programs may use them.
    const file = join(socketDir, `program-${number}.${options.esm ? "mjs" : "cjs"}`);
    await writeFile(file, source);
    const child = spawn(options.node ?? process.execPath, ["--disable-warning=ExperimentalWarning", ...(options.nodeArguments ?? []), file], {
      stdio: ["pipe", "pipe", "pipe"],
      cwd: options.cwd ?? socketDir,
      env: {
        PATH: process.env.PATH,
        NODE_PATH: join(import.meta.dirname, "../../node_modules"),
        NODE_OPTIONS: withAgent(options.env?.NODE_OPTIONS, agent),
        TIDEPOOL_AGENT: configFile,
        TIDEPOOL_SOCKET_DIR: socketDir,
        TIDEPOOL_POD_IP: ip,
        TIDEPOOL_MOUNTS: JSON.stringify(options.mounts ?? []),
        ...Object.fromEntries(Object.entries(options.env ?? {}).filter(([name]) => name !== "NODE_OPTIONS")),
      },
    });
    children.push(child);
    return follow(child);
  }

  return {
    socketDir,
    agent,
    publisher,
    run,
    async output(ip, source, options) {
      const { end } = await run(ip, source, options);
      const { code, signal, stdout, stderr } = await end;
      if (code !== 0) throw new Error(`program ended with ${code ?? signal}: ${stderr}${stdout}`);
      return stdout.trim();
    },
    async close() {
      for (const child of children) child.kill("SIGKILL");
      await publisher.close();
      await rm(socketDir, { recursive: true, force: true });
    },
  };
}

function follow(child: ChildProcess): Program {
  let stdout = "";
  let stderr = "";
  let read = 0;
  let ended = false;
  const wakers = new Set<() => void>();
  const wake = (): void => {
    for (const waker of wakers) waker();
  };
  child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
    wake();
  });
  child.stderr!.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  const end = new Promise<Awaited<Program["end"]>>((resolve) => {
    child.on("close", (code, signal) => {
      ended = true;
      wake();
      resolve({ code, signal, stdout, stderr });
    });
  });
  return {
    child,
    end,
    line: () =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const at = stdout.indexOf("\n", read);
          if (at < 0 && !ended) return;
          wakers.delete(look);
          if (at < 0) return reject(new Error(`program ended without another line: ${stderr}`));
          const line = stdout.slice(read, at);
          read = at + 1;
          resolve(line);
        };
        wakers.add(look);
        look();
      }),
  };
}

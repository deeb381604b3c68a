/** The `tidepool` command as a user runs it. */
import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "../..");
export const BINARY = join(ROOT, "bin/tidepool.js");

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Started {
  child: ChildProcess;
  /** What it has printed so far. */
  output: () => string;
  finished: Promise<Finished>;
}

/** What `tidepool status --json` prints. */
export interface Status {
  state: "running" | "starting" | "stopped";
  pid?: number;
  version: string;
  urls?: { shop?: string; shopTls?: string; apiServer: string; registry: string };
  kubeconfig: string;
  nodes: { name: string; ready: boolean }[];
  pods: { namespace: string; name: string; ready: string; status: string; restarts: number; node: string; ip: string }[];
  /** `what` is supervisor, daemon, or NAMESPACE/POD/CONTAINER. */
  processes: { pid: number; what: string }[];
  problems: string[];
}

/** Any free ports: for a cluster beside another one. */
export const ANY_PORTS = ["--http-port", "0", "--https-port", "0", "--api-port", "0", "--registry-port", "0"];

/** Starts any program and collects what it prints. */
export function start(program: string, args: string[], options: SpawnOptions & { timeoutMs?: number; input?: string } = {}): Started {
  const { timeoutMs = 120_000, input, ...spawnOptions } = options;
  const child = spawn(program, args, { cwd: ROOT, stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"], ...spawnOptions });
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  if (input !== undefined) child.stdin!.end(input);
  const finished = new Promise<Finished>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`${program} ${args.join(" ")} did not end within ${timeoutMs / 1000} s\n${stdout}${stderr}`));
    }, timeoutMs);
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr });
    });
  });
  // A caller that only wants the child need not wait for its end.
  finished.catch(() => undefined);
  return { child, output: () => stdout + stderr, finished };
}

/** Runs `tidepool ARGS` to its end. */
export function tidepool(args: string[], options: Parameters<typeof start>[2] = {}): Promise<Finished> {
  return startTidepool(args, options).finished;
}

export function startTidepool(args: string[], options: Parameters<typeof start>[2] = {}): Started {
  return start(process.execPath, [BINARY, ...args], options);
}

/** Runs `tidepool ARGS` and throws with everything it printed unless it succeeds. */
export async function tidepoolOk(args: string[], options: Parameters<typeof start>[2] = {}): Promise<Finished> {
  const result = await tidepool(args, options);
  if (result.code !== 0) throw new Error(`tidepool ${args.join(" ")} ended with ${result.code ?? result.signal}\n${result.stdout}${result.stderr}`);
  return result;
}

export async function readStatus(dataDir: string): Promise<Status> {
  return JSON.parse((await tidepoolOk(["status", "--json", "--data", dataDir])).stdout) as Status;
}

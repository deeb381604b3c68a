/** The real kubectl, against the shared cluster. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { cleanUpShared, sharedCluster, type TestCluster } from "./cluster.ts";
import { start, type Finished, type Started } from "./tidepool.ts";
import { which } from "./which.ts";

/** The oldest minor version that is promised to work. */
export const OLDEST_MINOR = 28;

const HOW_TO_GET_IT = "see https://kubernetes.io/docs/tasks/tools/ (Debian's own package is older), or set KUBECTL";

/** Where kubectl is, or what to do about it; `reason` is a test's reason to be skipped. */
export function findKubectl(name = process.env["KUBECTL"] ?? "kubectl"): { path: string; version: string } | { reason: string } {
  const path = which(name);
  if (path === undefined) return { reason: `there is no ${name}: ${HOW_TO_GET_IT}` };
  try {
    const { clientVersion } = JSON.parse(execFileSync(path, ["version", "--client", "-o", "json"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })) as {
      clientVersion: { gitVersion: string; minor: string };
    };
    if (Number.parseInt(clientVersion.minor, 10) >= OLDEST_MINOR) return { path, version: clientVersion.gitVersion };
    return { reason: `${path} is ${clientVersion.gitVersion}, older than 1.${OLDEST_MINOR}: ${HOW_TO_GET_IT}` };
  } catch (error) {
    return { reason: `${path} does not tell its version: ${(error as Error).message}` };
  }
}

/**
 * What a file of kubectl tests begins with: kubectl bound to a namespace of its own, or, where there is no kubectl,
 * the reason to `skip`.
 */
export async function kubectlSuite(namespace: string): Promise<{ kubectl: Kubectl; cluster: TestCluster; skip: string | false }> {
  const cluster = await sharedCluster();
  const found = findKubectl();
  if ("reason" in found) return { kubectl: bind("kubectl", {}, [], []), cluster, skip: found.reason };
  return { kubectl: await ownNamespace(kubectlFor(cluster, found.path), namespace), cluster, skip: false };
}

export interface RunOptions {
  /** Standard input; an object is sent as JSON, a list as several documents. */
  input?: string | object;
  env?: Record<string, string>;
  timeoutMs?: number;
}

export interface Kubectl {
  path: string;
  env: NodeJS.ProcessEnv;
  /** Runs to the end, whatever the end. */
  run(args: string[], options?: RunOptions): Promise<Finished>;
  /** Runs to a good end and returns standard output without the newline at its end; throws with all it printed otherwise. */
  ok(args: string[], options?: RunOptions): Promise<string>;
  /** Runs to a bad end and returns what it printed. */
  fails(args: string[], options?: RunOptions): Promise<string>;
  /** What `-o json` prints. */
  json<T = Json>(args: string[], options?: RunOptions): Promise<T>;
  /** Starts and does not wait (watch, follow, port-forward); killed after the file's tests. */
  start(args: string[], options?: RunOptions): Started;
  /** The same with `-n NAMESPACE`. */
  in(namespace: string): Kubectl;
}

// What kubectl prints is looked into field by field; a type for every kind would say nothing more.
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export function kubectlFor(cluster: TestCluster, path: string): Kubectl {
  // kubectl keeps what it discovers under HOME: a fresh one knows nothing of other clusters.
  const home = mkdtempSync(join(tmpdir(), "tidepool-kubectl-"));
  const started: Started[] = [];
  after(() => {
    for (const { child } of started) child.kill("SIGKILL");
  });
  // Other clean-ups still use kubectl, which would write it anew.
  process.once("exit", () => rmSync(home, { recursive: true, force: true }));
  return bind(path, { ...process.env, HOME: home, KUBECONFIG: cluster.kubeconfig }, [], started);
}

function bind(path: string, env: NodeJS.ProcessEnv, prefix: string[], started: Started[]): Kubectl {
  const begin = (args: string[], { input, env: more, timeoutMs = 60_000 }: RunOptions = {}): Started =>
    start(path, [...prefix, ...args], { env: { ...env, ...more }, timeoutMs, ...(input === undefined ? {} : { input: asText(input) }) });
  const kubectl: Kubectl = {
    path,
    env,
    run: (args, options) => begin(args, options).finished,
    async ok(args, options) {
      const { code, stdout, stderr } = await kubectl.run(args, options);
      if (code !== 0) throw new Error(`kubectl ${args.join(" ")} ended with ${code}\n${stdout}${stderr}`);
      return stdout.replace(/\n$/, "");
    },
    async fails(args, options) {
      const { code, stdout, stderr } = await kubectl.run(args, options);
      if (code === 0) throw new Error(`kubectl ${args.join(" ")} was to fail, and printed\n${stdout}${stderr}`);
      return stdout + stderr;
    },
    json: async <T>(args: string[], options?: RunOptions) => JSON.parse(await kubectl.ok([...args, "-o", "json"], options)) as T,
    start(args, options) {
      const one = begin(args, options);
      started.push(one);
      return one;
    },
    in: (namespace) => bind(path, env, ["-n", namespace], started),
  };
  return kubectl;
}

function asText(input: string | object): string {
  if (typeof input === "string") return input;
  return (Array.isArray(input) ? input : [input]).map((object) => JSON.stringify(object)).join("\n");
}

/** A namespace of the file's own, deleted after its tests. */
async function ownNamespace(kubectl: Kubectl, name: string): Promise<Kubectl> {
  await kubectl.ok(["apply", "-f", "-"], { input: { apiVersion: "v1", kind: "Namespace", metadata: { name } } });
  cleanUpShared(() => kubectl.ok(["delete", "namespace", name, "--wait=false"]));
  return kubectl.in(name);
}

/** The rows of a table that kubectl printed, by the titles of its columns. */
export function rowsOf(table: string): Record<string, string>[] {
  const [header = "", ...lines] = table.split("\n");
  const columns = [...header.matchAll(/\S+(?: \S+)*/g)].map((match) => ({ title: match[0], start: match.index }));
  return lines.map((line) => Object.fromEntries(columns.map(({ title, start: from }, index) => [title, line.slice(from, columns[index + 1]?.start).trim()])));
}

/** A file that lives as long as the test file. */
export function temporaryFile(name: string, content: string, mode = 0o600): string {
  const directory = mkdtempSync(join(tmpdir(), "tidepool-file-"));
  after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, name);
  writeFileSync(path, content, { mode });
  return path;
}

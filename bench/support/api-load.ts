/** The control plane's own speed: creates and lists over HTTPS, beside the least that could do the same. */
import { readFileSync } from "node:fs";
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { KubeConfig } from "@kubernetes/client-node";
import { runLoad, type LoadResult } from "./load-generator.ts";

const CREATORS = 16;
const ROUND_MS = 4_000;
const NAMESPACE = "bench";

export interface ApiLoad {
  creates: LoadResult;
  lists: LoadResult;
}

const OBJECT = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "bench-{n}" }, data: { text: "x".repeat(500) } });

export interface Tls {
  ca: string;
  cert: string;
  key: string;
}

/** Certificates of the cluster's administrator. */
export function tlsOf(kubeconfig: string): { url: string; tls: Tls } {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const cluster = config.getCurrentCluster()!;
  const user = config.getCurrentUser()!;
  const pem = (data: string | undefined, file: string | undefined): string => (data === undefined ? readFileSync(file!, "utf8") : Buffer.from(data, "base64").toString());
  return { url: cluster.server, tls: { ca: pem(cluster.caData, cluster.caFile), cert: pem(user.certData, user.certFile), key: pem(user.keyData, user.keyFile) } };
}

/** Creates ConfigMaps with a few writers at once, then lists them with one reader. `lists` needs what `creates` left. */
export async function measureApi(url: string, tls: Tls): Promise<ApiLoad> {
  const collection = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
  const shared = { url, tls, durationMs: ROUND_MS };
  const creates = await runLoad({ ...shared, method: "POST", path: collection, body: OBJECT, numbered: true, users: CREATORS, expect: 201 });
  const lists = await runLoad({ ...shared, method: "GET", path: `${collection}?limit=500`, users: 1, expect: 200 });
  return { creates, lists };
}

/**
 * An HTTPS server that does the least an API server must: it checks the client's certificate, parses the object, writes it to
 * SQLite durably, and answers it; and it lists five hundred from memory.
 */
export async function startBareApi(): Promise<{ url: string; tls: Tls; stop(): void }> {
  const child: ChildProcess = fork(fileURLToPath(new URL("./bare-api.ts", import.meta.url)), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const { url, tls } = await new Promise<{ url: string; tls: Tls }>((resolve, reject) => {
    child.once("message", (message) => resolve(message as { url: string; tls: Tls }));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the bare API ended with ${code}`)));
  });
  return { url, tls, stop: () => child.kill() };
}

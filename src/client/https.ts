/** The client's way to a server elsewhere: HTTPS as a kubeconfig describes it. */
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { parse } from "yaml";
import type { HttpHandler } from "#lib/http.ts";

interface Kubeconfig {
  "current-context": string;
  contexts: { name: string; context: { cluster: string; user: string } }[];
  clusters: { name: string; cluster: { server: string; "certificate-authority-data"?: string } }[];
  users: { name: string; user: { "client-certificate-data"?: string; "client-key-data"?: string; token?: string } }[];
}

/** A handler that sends requests to the current context's server. Throws when the file can't be read or lacks a part. */
export function kubeconfigHandler(file: string): HttpHandler & { close(): void } {
  const config = parse(readFileSync(file, "utf8")) as Kubeconfig;
  const context = config.contexts.find(({ name }) => name === config["current-context"])?.context;
  const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster;
  const user = config.users.find(({ name }) => name === context?.user)?.user;
  if (!cluster || !user) throw new Error(`${file}: the current context names no cluster or user that is in the file`);
  const decode = (data: string | undefined): Buffer | undefined => (data === undefined ? undefined : Buffer.from(data, "base64"));
  const agent = new Agent({
    keepAlive: true,
    ca: decode(cluster["certificate-authority-data"]),
    cert: decode(user["client-certificate-data"]),
    key: decode(user["client-key-data"]),
  });
  const handler: HttpHandler = ({ method, url, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const outgoing = request(new URL(url, cluster.server), {
        method,
        agent,
        headers: { ...headers, ...(user.token ? { authorization: `Bearer ${user.token}` } : {}) },
        ...(signal ? { signal } : {}),
      });
      outgoing.on("error", reject);
      outgoing.on("response", (incoming) =>
        resolve({ status: incoming.statusCode!, headers: incoming.headers as Record<string, string>, body: incoming }),
      );
      outgoing.end(body);
    });
  return Object.assign(handler, { close: () => agent.destroy() });
}

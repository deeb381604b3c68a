/**
 * Sends AdmissionReviews to webhooks: over HTTPS to a URL, or to a Service in the cluster.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/util/webhook/client.go
 */
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { connect as tlsConnect } from "node:tls";
import type { Clock } from "#lib/clock.ts";
import { StatusError } from "#api/errors.ts";
import type { ServiceDialer } from "../../streaming/service-dialer.ts";

export interface WebhookAddress {
  url?: string | undefined;
  service?: { name: string; namespace: string; path?: string | undefined; port?: number | undefined } | undefined;
  /** PEM as base64. */
  caBundle?: string | undefined;
}

export interface WebhookClientOptions {
  dialService: ServiceDialer;
  clock: Clock;
  /** Ends all connections. */
  signal: AbortSignal;
}

/** Posts a body and resolves to the answer's text. Rejects with an Error in upstream's words. */
export type WebhookClient = (address: WebhookAddress, body: string, timeoutSeconds: number) => Promise<string>;

/** Largest answer read. */
const MAX_ANSWER_BYTES = 3 * 1024 * 1024;
/** Addresses whose connections are kept. */
const MAX_AGENTS = 100;
const DEFAULT_PORT = 443;

export function webhookClient({ dialService, clock, signal }: WebhookClientOptions): WebhookClient {
  const agents = new Map<string, Agent>();
  signal.addEventListener("abort", () => agents.forEach((agent) => agent.destroy()), { once: true });

  function agentFor(address: WebhookAddress): Agent {
    const key = JSON.stringify([address.url && new URL(address.url).host, address.service, address.caBundle]);
    let agent = agents.get(key);
    if (agent) return agent;
    if (agents.size >= MAX_AGENTS) {
      const [oldest, unused] = agents.entries().next().value!;
      agents.delete(oldest);
      unused.destroy();
    }
    agent = address.service ? serviceAgent(address, dialService) : new Agent({ keepAlive: true, ...trustOf(address) });
    agents.set(key, agent);
    return agent;
  }

  return async (address, body, timeoutSeconds) => {
    const url = urlOf(address);
    url.searchParams.set("timeout", `${timeoutSeconds}s`);
    const deadline = new AbortController();
    const cancel = clock.after(timeoutSeconds * 1000, () => deadline.abort());
    const options: RequestOptions = {
      method: "POST",
      agent: agentFor(address),
      headers: { "content-type": "application/json", accept: "application/json, */*", "user-agent": "kube-apiserver-admission" },
      signal: AbortSignal.any([deadline.signal, signal]),
    };
    try {
      const response = await send(url, options, body);
      const text = await read(response);
      if (response.statusCode! >= 400) throw new Error(refusalText(response.statusCode!, text));
      return text;
    } catch (error) {
      if (deadline.signal.aborted) throw new Error(`Post ${JSON.stringify(url.href)}: context deadline exceeded`, { cause: error });
      if (error instanceof StatusError || (error as NodeJS.ErrnoException).code !== undefined) throw new Error(`Post ${JSON.stringify(url.href)}: ${reasonOf(error as NodeJS.ErrnoException)}`, { cause: error });
      throw error;
    } finally {
      cancel();
    }
  };
}

function urlOf({ url, service }: WebhookAddress): URL {
  if (url) return new URL(url);
  const { name, namespace, path = "", port = DEFAULT_PORT } = service!;
  return new URL(`https://${name}.${namespace}.svc:${port}${path === "" ? "/" : path}`);
}

function trustOf({ caBundle }: WebhookAddress): { ca?: string } {
  return caBundle ? { ca: Buffer.from(caBundle, "base64").toString("utf8") } : {};
}

/** Connects by way of the Service's pods; the certificate must be for `NAME.NAMESPACE.svc`. */
function serviceAgent(address: WebhookAddress, dialService: ServiceDialer): Agent {
  const agent = new Agent({ keepAlive: true });
  const { name, namespace, port = DEFAULT_PORT } = address.service!;
  agent.createConnection = (_options, done) => {
    dialService({ name, namespace, port }).then(
      (connection: Duplex) => {
        const socket = tlsConnect({ socket: connection, servername: `${name}.${namespace}.svc`, ALPNProtocols: ["http/1.1"], ...trustOf(address) });
        socket.once("secureConnect", () => done?.(null, socket));
        socket.once("error", (error) => done?.(error, socket));
      },
      (error: Error) => done?.(error, undefined as unknown as Duplex),
    );
    return undefined;
  };
  return agent;
}

async function send(url: URL, options: RequestOptions, body: string): Promise<IncomingMessage> {
  for (;;) {
    let reused = false;
    try {
      return await new Promise<IncomingMessage>((resolve, reject) => {
        const request = httpsRequest(url, options, resolve);
        request.on("error", (error) => {
          reused = request.reusedSocket;
          reject(error);
        });
        request.end(body);
      });
    } catch (error) {
      // The other end closed a kept connection just then.
      if (!reused || (error as NodeJS.ErrnoException).code !== "ECONNRESET") throw error;
    }
  }
}

async function read(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_ANSWER_BYTES) throw new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** As client-go words an HTTP error that is no Status. */
function refusalText(code: number, body: string): string {
  if (code === 404) return "the server could not find the requested resource";
  if (code === 401) return "the server has asked for the client to provide credentials";
  if (code === 403) return "unknown";
  if (code === 503) return "the server is currently unable to handle the request";
  if (code >= 500) return `an error on the server (${JSON.stringify(body.trim())}) has prevented the request from succeeding`;
  return "the server rejected our request for an unknown reason";
}

const UNTRUSTED = ["SELF_SIGNED_CERT_IN_CHAIN", "DEPTH_ZERO_SELF_SIGNED_CERT", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"];

/** What went wrong with the connection, as Go would say it. */
function reasonOf(error: NodeJS.ErrnoException & { address?: string; port?: number; hostname?: string }): string {
  const { code = "", address, port, hostname } = error;
  if (code === "ECONNREFUSED" && address !== undefined) return `dial tcp ${address}:${port}: connect: connection refused`;
  if (code === "ENOTFOUND") return `dial tcp: lookup ${hostname}: no such host`;
  if (UNTRUSTED.includes(code)) return "tls: failed to verify certificate: x509: certificate signed by unknown authority";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID" || code === "CERT_HAS_EXPIRED") return `tls: failed to verify certificate: x509: ${error.message}`;
  if (code === "ECONNRESET") return "EOF";
  return error.message;
}

import { Agent, type ClientRequest, type IncomingMessage, request as httpRequest, type RequestOptions } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "./clock.ts";
import { type ApiError, type ErrorBody, unavailable } from "./errors.ts";
import { currentTrace, formatTraceparent } from "./trace.ts";

/** Shorter than the time a leaving server keeps accepting (DRAIN_MS): an idle connection is closed by us before it is closed under us. */
const IDLE_MS = 2_000;
/** A Service spreads connections, not requests: connections are replaced at this age so that new pods get their share. */
const MAX_AGE_MS = 10_000;
/** Connections used in turn even when one would do, so that a lone user meets every replica. */
const LANES = 4;

class AgingAgent extends Agent {
  private readonly bornAt = new WeakMap<Duplex, number>();
  private readonly now: () => number;

  constructor(now: () => number) {
    super({ keepAlive: true, timeout: IDLE_MS, scheduling: "lifo" });
    this.now = now;
  }

  /** Called when a request is done: false closes the connection instead of keeping it. */
  override keepSocketAlive(socket: Duplex): boolean {
    const now = this.now();
    const born = this.bornAt.get(socket);
    if (born === undefined) this.bornAt.set(socket, now);
    else if (now - born > MAX_AGE_MS) return false;
    // Typed as void, documented as boolean: https://nodejs.org/docs/latest-v24.x/api/http.html#agentkeepsocketalivesocket
    return super.keepSocketAlive(socket) as unknown as boolean;
  }
}

/** Keep-alive connections to one service, taken in turn. Several origins stand for several replicas where no Service spreads them. */
export class Upstream {
  readonly name: string;
  private readonly lanes: { agent: Agent; host: string; port: number }[];
  private turn = 0;

  constructor(name: string, origins: string, clock: Clock) {
    this.name = name;
    const parsed = origins.split(",").map((origin) => {
      const url = new URL(origin);
      if (url.protocol !== "http:" || url.pathname !== "/") throw new Error(`${name}: ${origin} is not an http origin`);
      return { host: url.hostname, port: Number(url.port || 80) };
    });
    const lanesEach = Math.ceil(LANES / parsed.length);
    this.lanes = Array.from({ length: lanesEach }).flatMap(() => parsed.map(({ host, port }) => ({ agent: new AgingAgent(clock.now), host, port })));
  }

  /** Begins a request on the next connection in turn. */
  request(options: Pick<RequestOptions, "method" | "path" | "headers" | "setHost">): ClientRequest {
    const lane = this.lanes[this.turn++ % this.lanes.length]!;
    return httpRequest({ ...options, agent: lane.agent, host: lane.host, port: lane.port });
  }

  close(): void {
    for (const { agent } of this.lanes) agent.destroy();
  }
}

/** The request cannot have reached the other side: safe to send again whatever it was. */
export const wasNeverSent = (error: unknown): boolean =>
  ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"].includes((error as { code?: string }).code ?? "");

export class TimedOut extends Error {
  override readonly name = "TimedOut";
}

export interface JsonReply {
  status: number;
  body: unknown;
}

const RETRY_PAUSES_MS = [10, 30, 100, 200, 400];
/** A service that refuses every connection for this long has no pods at all: waiting longer only piles up callers. */
const REFUSED_FOR_MS = 1_200;

/**
 * JSON calls from service to service. Every call is taken to be idempotent (the callee recognises the order key), so
 * broken connections, timeouts and 502 to 504 are tried again until the deadline.
 */
export class JsonClient {
  private readonly upstream: Upstream;
  private readonly clock: Clock;
  private readonly attemptTimeoutMs: number;

  constructor(name: string, origins: string, clock: Clock, attemptTimeoutMs = 1_500) {
    this.upstream = new Upstream(name, origins, clock);
    this.clock = clock;
    this.attemptTimeoutMs = attemptTimeoutMs;
  }

  /** The callee's answer below 500. Throws a 503 ApiError when there is none by `deadline` (ms since the epoch): the outcome is then unknown. */
  async call(method: string, path: string, body: unknown, deadline: number): Promise<JsonReply> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const refusedUntil = this.clock.now() + REFUSED_FOR_MS;
    let refused = true;
    for (let attempt = 0; ; attempt++) {
      const remainingMs = deadline - this.clock.now();
      if (remainingMs <= 0) throw this.unavailable("did not answer in time");
      let problem: unknown;
      try {
        const reply = await this.once(method, path, payload, Math.min(remainingMs, this.attemptTimeoutMs));
        if (reply.status < 500) return reply;
        problem = new Error(`answered ${reply.status}`);
      } catch (error) {
        problem = error;
      }
      refused &&= wasNeverSent(problem);
      const pauseMs = RETRY_PAUSES_MS[Math.min(attempt, RETRY_PAUSES_MS.length - 1)]!;
      if (this.clock.now() + pauseMs >= (refused ? Math.min(refusedUntil, deadline) : deadline)) throw this.unavailable((problem as Error).message, problem);
      await this.clock.sleep(pauseMs);
    }
  }

  close(): void {
    this.upstream.close();
  }

  private unavailable(why: string, cause?: unknown): ApiError {
    return unavailable("dependency_unavailable", `${this.upstream.name} cannot be used at the moment: ${why}`, cause);
  }

  private once(method: string, path: string, payload: string | undefined, timeoutMs: number): Promise<JsonReply> {
    return new Promise((resolve, reject) => {
      const request = this.upstream.request({
        method,
        path,
        headers: {
          ...traceHeaders(),
          ...(payload !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(payload) }),
        },
      });
      const timer = setTimeout(() => request.destroy(new TimedOut(`no answer in ${timeoutMs} ms`)), timeoutMs);
      request.on("error", (error) => {
        clearTimeout(timer);
        reject(error);
      });
      request.on("response", (response) => {
        readText(response).then(
          (text) => {
            clearTimeout(timer);
            try {
              resolve({ status: response.statusCode!, body: text === "" ? undefined : JSON.parse(text) });
            } catch {
              resolve({ status: 502, body: undefined }); // not JSON: whoever answered is not the service
            }
          },
          (error: unknown) => {
            clearTimeout(timer);
            reject(error);
          },
        );
      });
      request.end(payload);
    });
  }
}

/** What a callee's refusal says, in the words of its error body. */
export function refusalOf(reply: JsonReply): { status: number; code: string; message: string; details: Record<string, unknown> } {
  const error = (reply.body as Partial<ErrorBody> | undefined)?.error;
  return { status: reply.status, code: error?.code ?? "refused", message: error?.message ?? `refused with ${reply.status}`, details: error?.details ?? {} };
}

/** The headers that let the next service join the trace. */
export function traceHeaders(): Record<string, string> {
  const trace = currentTrace();
  return trace ? { traceparent: formatTraceparent(trace), "x-request-id": trace.requestId } : {};
}

function readText(stream: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => (text += chunk));
    stream.on("end", () => resolve(text));
    stream.on("error", reject); // also when it breaks off
  });
}

import { randomUUID } from "node:crypto";
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Clock } from "@shop/common/clock.ts";
import { ApiError, errorBody, unavailable } from "@shop/common/errors.ts";
import { TimedOut, type Upstream, wasNeverSent } from "@shop/common/http-client.ts";
import type { Logger } from "@shop/common/log.ts";
import { formatTraceparent, type TraceContext } from "@shop/common/trace.ts";
import { endToEnd, isOrderPlacement, mayRepeat } from "./routes.ts";

export interface ProxyOptions {
  clock: Clock;
  log: Logger;
  /** Added to every answer. */
  ownHeaders: Record<string, string>;
  draining: () => boolean;
  /** v2 tells how long the backend took. */
  serverTiming: boolean;
}

/** How long a backend may take to begin its answer. */
const ANSWER_TIMEOUT_MS = 15_000;
/** Bodies up to this size are held, so that the request can be sent again when its connection breaks. */
const HELD_BODY_BYTES = 64 * 1024;
/** A pod is gone and its Service does not know yet: try others this long. */
const RETRY_FOR_MS = 1_500;
const RETRY_PAUSES_MS = [5, 20, 50, 100, 200, 300];

/** Passes requests on and answers back, without looking into either. */
export class Proxy {
  private readonly options: ProxyOptions;

  constructor(options: ProxyOptions) {
    this.options = options;
  }

  /** Answers `request` with what `upstream` answers. Resolves when the answer has begun or the client is gone. */
  async pass(request: IncomingMessage, response: ServerResponse, upstream: Upstream, trace: TraceContext): Promise<void> {
    const { clock, log } = this.options;
    const path = request.url!.split("?", 1)[0]!;
    const method = request.method!;
    const headers = this.requestHeaders(request, path, trace);
    const startedAt = clock.now();

    let body: Buffer | IncomingMessage | undefined;
    if (hasBody(request)) {
      const length = Number(request.headers["content-length"] ?? Number.NaN);
      body = length <= HELD_BODY_BYTES ? await collect(request).catch(() => undefined) : request;
      if (body === undefined) return; // the client left before it had sent everything
    }
    const held = !body || Buffer.isBuffer(body);

    for (let attempt = 0; ; attempt++) {
      try {
        const answer = await this.send(upstream, { method, path: request.url!, headers }, body, response);
        if (answer) this.reply(answer, response, trace, startedAt);
        return;
      } catch (error) {
        const again = held && (wasNeverSent(error) || (mayRepeat(method, path) && !(error instanceof TimedOut)));
        const pauseMs = RETRY_PAUSES_MS[Math.min(attempt, RETRY_PAUSES_MS.length - 1)]!;
        if (!again || response.destroyed || clock.now() + pauseMs - startedAt > RETRY_FOR_MS) {
          log.warn({ err: error, upstream: upstream.name, attempts: attempt + 1, requestId: trace.requestId }, "a backend could not answer");
          this.refuse(gatewayError(upstream.name, error), response, trace);
          return;
        }
        await clock.sleep(pauseMs);
      }
    }
  }

  /** Answers with one of the gateway's own errors. */
  refuse(error: ApiError, response: ServerResponse, trace: TraceContext): void {
    if (response.destroyed) return;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const body = JSON.stringify(errorBody(error, trace.requestId));
    response.writeHead(error.status, {
      ...this.answerHeaders(trace),
      "content-type": "application/json; charset=utf-8",
      "content-length": Buffer.byteLength(body),
      ...(error.retryAfterS !== undefined && { "retry-after": String(error.retryAfterS) }),
    });
    response.end(body);
  }

  /** The backend's answer; undefined when the client left first. */
  private send(
    upstream: Upstream,
    options: { method: string; path: string; headers: OutgoingHttpHeaders },
    body: Buffer | IncomingMessage | undefined,
    response: ServerResponse,
  ): Promise<IncomingMessage | undefined> {
    return new Promise((resolve, reject) => {
      const request: ClientRequest = upstream.request({ ...options, setHost: false });
      const timer = setTimeout(() => request.destroy(new TimedOut(`no answer in ${ANSWER_TIMEOUT_MS} ms`)), ANSWER_TIMEOUT_MS);
      const left = (): void => {
        clearTimeout(timer);
        if (!response.writableFinished) request.destroy();
        resolve(undefined);
      };
      const settled = (): void => {
        clearTimeout(timer);
      };
      response.once("close", left);
      request.on("response", (answer) => {
        settled();
        resolve(answer);
      });
      request.on("error", (error) => {
        settled();
        response.removeListener("close", left);
        reject(error);
      });
      if (body === undefined) request.end();
      else if (Buffer.isBuffer(body)) request.end(body);
      else body.pipe(request);
    });
  }

  private reply(answer: IncomingMessage, response: ServerResponse, trace: TraceContext, startedAt: number): void {
    const headers: OutgoingHttpHeaders = { ...endToEnd(answer.headers), ...this.answerHeaders(trace) };
    // The backend's own names, where it gave any.
    for (const name of ["x-pod", "x-service", "x-service-version"]) if (answer.headers[name] !== undefined) headers[name] = answer.headers[name];
    if (this.options.serverTiming) headers["server-timing"] = `upstream;dur=${this.options.clock.now() - startedAt}`;
    response.writeHead(answer.statusCode!, headers);
    answer.on("error", () => response.destroy()); // it broke off: the client must not take it for whole
    answer.pipe(response);
  }

  private answerHeaders(trace: TraceContext): Record<string, string> {
    return { ...this.options.ownHeaders, "x-request-id": trace.requestId, ...(this.options.draining() && { connection: "close" }) };
  }

  private requestHeaders(request: IncomingMessage, path: string, trace: TraceContext): OutgoingHttpHeaders {
    const headers: OutgoingHttpHeaders = endToEnd(request.headers);
    const client = request.socket.remoteAddress ?? "unknown";
    const before = request.headers["x-forwarded-for"];
    headers["x-forwarded-for"] = before === undefined ? client : `${String(before)}, ${client}`;
    headers["x-forwarded-proto"] = (request.socket as TLSSocket).encrypted ? "https" : "http";
    if (request.headers.host !== undefined) headers["x-forwarded-host"] = request.headers.host;
    headers.traceparent = formatTraceparent(trace);
    headers["x-request-id"] = trace.requestId;
    // Of unknown length: it goes on as it came, in chunks.
    if (hasBody(request) && request.headers["content-length"] === undefined) headers["transfer-encoding"] = "chunked";
    // With it our own repeats of this request are the same order; nobody outside may choose it.
    delete headers["x-gateway-request-key"];
    if (isOrderPlacement(request.method!, path)) headers["x-gateway-request-key"] = randomUUID();
    return headers;
  }
}

const hasBody = (request: IncomingMessage): boolean => request.headers["transfer-encoding"] !== undefined || (request.headers["content-length"] ?? "0") !== "0";

function collect(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.on("error", reject); // also when it breaks off
  });
}

function gatewayError(service: string, error: unknown): ApiError {
  if (error instanceof TimedOut) return new ApiError(504, "gateway_timeout", `${service} did not answer in time`);
  if (wasNeverSent(error)) return unavailable("service_unavailable", `no pod of ${service} can be reached at the moment`);
  return new ApiError(502, "bad_gateway", `the connection to ${service} broke before it had answered`, { retryAfterS: 1 });
}

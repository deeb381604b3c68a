import { AsyncLocalStorage } from "node:async_hooks";
import { getRandomValues, randomUUID } from "node:crypto";

/**
 * Where a piece of work stands in its trace. Kept in an AsyncLocalStorage for the length of a request, so that logs
 * and outgoing calls find it without passing it through every function.
 */
export interface TraceContext {
  /** 32 hex digits, the same for everything one click of a user causes. */
  traceId: string;
  /** 16 hex digits, this hop's own. */
  spanId: string;
  /** The caller's span, when there is one. */
  parentSpanId?: string;
  sampled: boolean;
  /** x-request-id: what a user can quote to support. */
  requestId: string;
}

const storage = new AsyncLocalStorage<TraceContext>();

export const currentTrace = (): TraceContext | undefined => storage.getStore();
export const withTrace = <T>(context: TraceContext, work: () => T): T => storage.run(context, work);

// version "-" trace id "-" parent id "-" flags: https://www.w3.org/TR/trace-context/#traceparent-header
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const REQUEST_ID = /^[\w.:-]{1,128}$/;

export function parseTraceparent(header: string | undefined): { traceId: string; spanId: string; sampled: boolean } | undefined {
  const match = header === undefined ? null : TRACEPARENT.exec(header);
  if (!match) return undefined;
  const [, version, traceId, spanId, flags, rest] = match as unknown as [string, string, string, string, string, string | undefined];
  // Version ff is forbidden, version 00 has exactly four fields, all-zero ids mean "no trace".
  if (version === "ff" || (version === "00" && rest !== undefined) || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export const formatTraceparent = (context: TraceContext): string =>
  `00-${context.traceId}-${context.spanId}-${context.sampled ? "01" : "00"}`;

/** The context of an incoming request: the caller's trace goes on, or a new one begins. */
export function traceFromHeaders(headers: Record<string, string | string[] | undefined>): TraceContext {
  const parent = parseTraceparent(single(headers.traceparent));
  const requestId = single(headers["x-request-id"]);
  return {
    traceId: parent?.traceId ?? randomHex(16),
    spanId: randomHex(8),
    ...(parent && { parentSpanId: parent.spanId }),
    sampled: parent?.sampled ?? true,
    requestId: requestId !== undefined && REQUEST_ID.test(requestId) ? requestId : randomUUID(),
  };
}

/** A context for work nobody asked for over HTTP: a sweeper, a recovery. */
export const newTrace = (): TraceContext => traceFromHeaders({});

const single = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

const pool = new Uint8Array(2048);
let used = pool.length;

/** Random hex digits, drawn from a pool because one call to the kernel per id shows up in profiles. */
function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    getRandomValues(pool);
    used = 0;
  }
  const hex = Buffer.from(pool.buffer, used, bytes).toString("hex");
  used += bytes;
  return hex;
}

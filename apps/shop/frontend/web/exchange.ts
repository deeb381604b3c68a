import type { Observation } from "./answers.ts";

export type Service = "api-gateway" | "order-service" | "inventory-service" | "user-service" | "frontend";
export const SERVICES: readonly Service[] = ["frontend", "api-gateway", "order-service", "inventory-service", "user-service"];

/** A request the page can make, and whose answer it expects. */
export interface Call {
  service: Service;
  method: "GET" | "HEAD" | "POST";
  path: string;
  body?: object;
  idempotencyKey?: string;
}

/** A call and what came of it. */
export interface Exchange {
  call: Call;
  ms: number;
  /** Undefined when there was no answer; then `failure` says why. */
  answer?: { status: number; text: string; headers: Headers };
  failure?: string;
}

const TIMEOUT_MS = 20_000;

export async function exchange(call: Call): Promise<Exchange> {
  const startedAt = performance.now();
  const elapsed = (): number => performance.now() - startedAt;
  try {
    const response = await fetch(call.path, {
      method: call.method,
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        ...(call.body && { "content-type": "application/json" }),
        ...(call.idempotencyKey !== undefined && { "idempotency-key": call.idempotencyKey }),
      },
      ...(call.body && { body: JSON.stringify(call.body) }),
    });
    const text = await response.text();
    return { call, ms: elapsed(), answer: { status: response.status, text, headers: response.headers } };
  } catch (error) {
    return { call, ms: elapsed(), failure: error instanceof Error ? error.message : String(error) };
  }
}

/** What an exchange says about the gateway and about the service that was asked. */
export function observationsOf({ call, ms, answer }: Exchange, at: number): Observation[] {
  if (!answer) return [{ at, service: "api-gateway", ms, error: true }, ...(call.service === "api-gateway" ? [] : [{ at, service: call.service, ms, error: true }])];
  const { status, headers } = answer;
  const get = (name: string): string | undefined => headers.get(name) ?? undefined;
  const failed = status >= 500;
  const answeredBy = get("x-service");
  const gateway = who(get("x-gateway-pod"), get("x-gateway-version"));
  // A 502 to 504 of the gateway's own tells of the service behind it.
  const observations: Observation[] = [{ at, service: "api-gateway", ms, error: status === 500 && answeredBy === "api-gateway", ...gateway }];
  if (call.service === "api-gateway") return observations;
  if (answeredBy === call.service) observations.push({ at, service: call.service, ms, error: failed, ...who(get("x-pod"), get("x-service-version")) });
  else if (failed) observations.push({ at, service: call.service, ms, error: true }); // the gateway answered: nobody else did
  return observations;
}

const who = (pod: string | undefined, version: string | undefined): { pod: string; version: string } | undefined => (pod === undefined || version === undefined ? undefined : { pod, version });

/**
 * The actions of probes and lifecycle hooks: an HTTP request, a TCP connection, a command.
 * @see https://github.com/kubernetes/kubernetes/tree/master/pkg/probe
 */
import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as tlsConnect } from "node:tls";
import { sleep, type Clock } from "#lib/clock.ts";
import { errorMessage } from "#lib/log.ts";
import type { Container, IntOrString, LifecycleHandler, Probe } from "#api/types.ts";
import type { Outcome } from "./probe-state.ts";

export interface HandlerContext {
  clock: Clock;
  container: Container;
  podIP: string;
  /** A connection to a port of a pod. */
  dial(ip: string, port: number): Promise<Duplex>;
  /** Runs a command in the container; its output is cut at what a message may hold. */
  exec(command: string[], signal: AbortSignal): Promise<{ exitCode: number; output: string }>;
}

/** As the kubelet of this version introduces itself. */
const USER_AGENT = "kube-probe/1.36";
const MAX_BODY_BYTES = 10 * 1024;

type HttpGet = NonNullable<Probe["httpGet"]>;

/** One attempt of a probe. */
export async function attemptProbe(probe: Probe, context: HandlerContext): Promise<Outcome> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  if (probe.httpGet) return probeHttp(probe.httpGet, context, timeoutMs);
  if (probe.tcpSocket) return probeTcp(probe.tcpSocket, context, timeoutMs);
  if (probe.exec) return probeExec(probe.exec.command ?? [], context, timeoutMs);
  return { result: "error", message: "missing probe handler" };
}

async function probeHttp(get: HttpGet, context: HandlerContext, timeoutMs: number): Promise<Outcome> {
  const url = urlOf(get, context);
  try {
    const { status, body } = await httpGet(get, context, timeoutMs);
    if (status >= 200 && status < 400) return { result: "success", message: body };
    return { result: "failure", message: `HTTP probe failed with statuscode: ${status}` };
  } catch (error) {
    return { result: "failure", message: `Get "${url}": ${errorMessage(error)}` };
  }
}

async function probeTcp({ host, port }: NonNullable<Probe["tcpSocket"]>, context: HandlerContext, timeoutMs: number): Promise<Outcome> {
  const ip = host || context.podIP;
  const number = portNumber(port, context.container);
  try {
    const connection = await within(context.clock, timeoutMs, () => context.dial(ip, number), () => new Error(`dial tcp ${ip}:${number}: i/o timeout`));
    connection.destroy();
    return { result: "success", message: "" };
  } catch (error) {
    return { result: "failure", message: dialError(ip, number, error) };
  }
}

async function probeExec(command: string[], context: HandlerContext, timeoutMs: number): Promise<Outcome> {
  const caller = new AbortController();
  try {
    const timedOut = new Error(`command timed out: "${command.join(" ")}" timed out after ${timeoutMs / 1000}s`);
    const { exitCode, output } = await within(context.clock, timeoutMs, () => context.exec(command, caller.signal), () => timedOut);
    return { result: exitCode === 0 ? "success" : "failure", message: output };
  } catch (error) {
    caller.abort();
    return { result: "failure", message: errorMessage(error) };
  }
}

/** Runs a lifecycle hook to its end. Throws an Error that says why it failed. */
export async function runHook(hook: LifecycleHandler, context: HandlerContext, signal: AbortSignal): Promise<void> {
  if (hook.exec) {
    const { exitCode, output } = await context.exec(hook.exec.command ?? [], signal);
    if (exitCode !== 0) throw new Error(`Exec lifecycle hook (${JSON.stringify(hook.exec.command ?? [])}) failed - error: command '${(hook.exec.command ?? []).join(" ")}' exited with ${exitCode}: , message: ${JSON.stringify(output)}`);
  } else if (hook.httpGet) {
    // As upstream, any answer will do.
    await httpGet(hook.httpGet, context, 0x7fffffff, signal).catch((error: unknown) => {
      throw new Error(`HTTP lifecycle hook (${hook.httpGet!.path ?? "/"}) failed - error: Get "${urlOf(hook.httpGet!, context)}": ${errorMessage(error)}`);
    });
  } else if (hook.sleep) {
    await sleep(context.clock, hook.sleep.seconds * 1000, signal);
  } else throw new Error(`invalid handler: ${Object.keys(hook).join(", ") || "none"}`);
}

function urlOf({ scheme, host, port, path }: HttpGet, context: HandlerContext): string {
  return `${(scheme ?? "HTTP").toLowerCase()}://${host || context.podIP}:${portNumber(port, context.container)}${pathOf(path)}`;
}

function pathOf(path: string | undefined): string {
  return path?.startsWith("/") ? path : `/${path ?? ""}`;
}

async function httpGet(get: HttpGet, context: HandlerContext, timeoutMs: number, signal?: AbortSignal): Promise<{ status: number; body: string }> {
  const ip = get.host || context.podIP;
  const port = portNumber(get.port, context.container);
  const headers: Record<string, string> = { "user-agent": USER_AGENT, accept: "*/*", connection: "close", host: `${ip}:${port}` };
  for (const { name, value } of get.httpHeaders ?? []) headers[name.toLowerCase()] = value;
  let connection: Duplex | undefined;
  const timedOut = new Error("context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
  const run = async (): Promise<{ status: number; body: string }> => {
    try {
      connection = await context.dial(ip, port);
    } catch (error) {
      throw new Error(dialError(ip, port, error), { cause: error });
    }
    // Whom a probe reaches is known; what its certificate says is not asked, as upstream.
    const stream = get.scheme === "HTTPS" ? tlsConnect({ socket: connection, rejectUnauthorized: false }) : (connection as Socket);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = httpRequest({ method: "GET", path: pathOf(get.path), headers, createConnection: () => stream });
      request.once("response", resolve).once("error", (error: NodeJS.ErrnoException) => reject(error.code === "ECONNRESET" ? new Error("EOF") : error));
      request.end();
    });
    let body = "";
    for await (const chunk of response) {
      body += String(chunk);
      if (body.length > MAX_BODY_BYTES) break;
    }
    return { status: response.statusCode!, body };
  };
  try {
    return await within(context.clock, timeoutMs, run, () => timedOut, signal);
  } finally {
    connection?.destroy();
  }
}

/** A failed connection as Go words it. */
export function dialError(ip: string, port: number, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  const why = { ECONNREFUSED: "connection refused", EHOSTUNREACH: "no route to host", ENETUNREACH: "network is unreachable", ETIMEDOUT: "connection timed out" }[code ?? ""];
  const message = errorMessage(error);
  return why ? `dial tcp ${ip}:${port}: connect: ${why}` : message.startsWith("dial tcp") ? message : `dial tcp ${ip}:${port}: ${message}`;
}

/** The number of a port that may be given by its name. */
export function portNumber(port: IntOrString, container: Container): number {
  if (typeof port === "number") return port;
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  const number = named ?? Number(port);
  if (!Number.isInteger(number)) throw new Error(`couldn't find port: "${port}" in container "${container.name}"`);
  return number;
}

async function within<T>(clock: Clock, timeoutMs: number, run: () => Promise<T>, timedOut: () => Error, signal?: AbortSignal): Promise<T> {
  const late = Promise.withResolvers<never>();
  const cancel = clock.after(timeoutMs, () => late.reject(timedOut()));
  const abort = (): void => late.reject(signal!.reason as Error);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const running = run();
    // Whoever loses the race must not be an unhandled rejection.
    running.catch(() => undefined);
    return await Promise.race([running, late.promise]);
  } finally {
    cancel();
    signal?.removeEventListener("abort", abort);
  }
}

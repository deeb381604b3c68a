import { pino, type Logger } from "pino";
import type { Identity } from "./identity.ts";
import { currentTrace } from "./trace.ts";

export type { Logger };

/** Lines are written together: one write call for everything logged within this time. */
const FLUSH_AFTER_MS = 40;
const FLUSH_AT_CHARACTERS = 32_768;

/** Collects lines and writes them in few calls; `flush` empties it at once (before the process leaves). */
export class LineBuffer {
  private readonly out: { write(text: string): unknown };
  private text = "";
  private timer: NodeJS.Timeout | undefined;

  constructor(out: { write(text: string): unknown }) {
    this.out = out;
  }

  write(line: string): void {
    this.text += line;
    if (this.text.length >= FLUSH_AT_CHARACTERS) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), FLUSH_AFTER_MS);
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const text = this.text;
    this.text = "";
    if (text) this.out.write(text);
  }
}

/** JSON lines with the service, its version, the pod, and the ids of the request at work. */
export function createLogger(identity: Identity, level: string, out: { write(line: string): void }): Logger {
  return pino(
    {
      level,
      base: { service: identity.service, version: identity.version, pod: identity.pod },
      messageKey: "message",
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => {
        const trace = currentTrace();
        return trace ? { traceId: trace.traceId, spanId: trace.spanId, requestId: trace.requestId } : {};
      },
    },
    out,
  );
}

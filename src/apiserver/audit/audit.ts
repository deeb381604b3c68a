/**
 * Follows requests for the audit log. What is costly (reading bodies, writing) is done later, by the sink.
 * @see https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/
 */
import type { Clock } from "#lib/clock.ts";
import type { HttpRequest, HttpResponse } from "#lib/http.ts";
import type { Attributes } from "../authorization/authorizer.ts";
import type { User } from "../user.ts";
import { atLeast, type AuditedRequest, type AuditRecord } from "./event.ts";
import { evaluatePolicy, type AuditPolicy, type Stage } from "./policy.ts";

export interface AuditSink {
  /** Takes the record; must not wait. */
  add(record: AuditRecord): void;
  /** Resolves when all that was added is written. */
  close(): Promise<void>;
}

/** One request that is being answered. */
export interface RequestAudit {
  /** Notes something; the first value of a key stays. */
  annotate: (key: string, value: string) => void;
  /** Notes the answer. One that lasts is noted again when it ends: send what this returns. */
  responded(response: HttpResponse): HttpResponse;
  /** A connection that took over the request's: noted as begun. Returns what is to be called when it ends. */
  upgraded(): () => void;
}

export interface Auditor {
  /** Notes that the request has come. `user` is unknown when authentication failed. */
  begin(id: string, http: HttpRequest, user: User | undefined, attributes: Attributes): RequestAudit;
  close(): Promise<void>;
}

const SILENT: RequestAudit = { annotate: () => {}, responded: (response) => response, upgraded: () => () => {} };

/** How long closing waits for requests that are still being answered. */
const PATIENCE_MS = 2_000;

export function auditor(policy: AuditPolicy, sink: AuditSink, clock: Clock): Auditor {
  let unanswered = 0;
  let onIdle: () => void = () => {};

  function ended(): void {
    unanswered--;
    if (unanswered === 0) onIdle();
  }

  function allAnswered(): Promise<void> {
    if (unanswered === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = clock.after(PATIENCE_MS, resolve);
      onIdle = () => {
        cancel();
        resolve();
      };
    });
  }

  return {
    begin(id, http, user, attributes) {
      const decision = evaluatePolicy(policy, user?.impersonatedBy ?? user, attributes);
      if (decision.level === "None") return SILENT;
      const request: AuditedRequest = { id, decision, http, user, attributes, receivedMs: clock.now(), annotations: {} };
      const note = (stage: Stage, changes: Partial<AuditedRequest> = {}): void => {
        if (!decision.omitStages.includes(stage)) sink.add({ request: { ...request, ...changes }, stage, atMs: clock.now() });
      };
      /** Notes an answer that lasts; returns what notes its end. */
      const begun = (status: number): (() => void) => {
        const changes = { response: { status, body: undefined } };
        note("ResponseStarted", changes);
        return () => {
          note("ResponseComplete", changes);
          ended();
        };
      };
      note("RequestReceived");
      unanswered++;
      return {
        annotate(key, value) {
          request.annotations[key] ??= value;
        },
        responded(response) {
          const { status, body } = response;
          if (typeof body === "string" || body instanceof Uint8Array) {
            // Refusals are told at every level; the rest of the answer is for whoever asked for it.
            const wanted = status >= 400 || atLeast(decision.level, "RequestResponse") || attributes.verb === "delete";
            note("ResponseComplete", { response: { status, body: wanted ? textOf(body) : undefined } });
            ended();
            return response;
          }
          return { ...response, body: followed(body, begun(status)) };
        },
        upgraded: () => begun(101),
      };
    },
    async close() {
      await allAnswered();
      await sink.close();
    },
  };
}

function textOf(body: string | Uint8Array): string {
  return typeof body === "string" ? body : Buffer.from(body).toString("utf8");
}

async function* followed<T>(body: AsyncIterable<T>, ended: () => void): AsyncGenerator<T> {
  try {
    yield* body;
  } finally {
    ended();
  }
}

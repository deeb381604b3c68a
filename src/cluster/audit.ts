/** The audit log of a cluster: what `up --audit-policy FILE` asks for. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "#lib/clock.ts";
import { errorMessage, type Logger } from "#lib/log.ts";
import { auditLogFile, parseAuditPolicy, type ApiServerOptions, type AuditPolicy } from "#apiserver/index.ts";
import type { DataPaths } from "./paths.ts";
import { Refusal } from "./refusal.ts";

/** Throws a {@link Refusal} that says what is wrong with the file. */
export async function readAuditPolicy(file: string): Promise<AuditPolicy> {
  try {
    return await parseAuditPolicy(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Refusal(`The audit policy ${file} can't be used: ${errorMessage(error)}.`);
  }
}

/** What the API server is given to write its log beside the others. */
export function auditOptions(policy: AuditPolicy, { logs }: DataPaths, clock: Clock, log: Logger): ApiServerOptions["audit"] {
  return { policy, sink: auditLogFile({ file: join(logs, "audit.log"), clock, log: log.named("audit") }) };
}

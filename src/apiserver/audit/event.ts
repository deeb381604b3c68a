/**
 * What is written down of a request: events of audit.k8s.io/v1.
 * @see https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
 */
import { toMicroTime } from "#lib/clock.ts";
import type { HttpRequest } from "#lib/http.ts";
import type { Status } from "#api/types.ts";
import type { Attributes } from "../authorization/authorizer.ts";
import { bodyAsText, mediaType } from "../decode.ts";
import { PROTOBUF } from "../protobuf/media-type.ts";
import type { User } from "../user.ts";
import { LEVELS, type AuditDecision, type Level, type Stage } from "./policy.ts";

/** Longer user agents are cut off. */
const MAX_USER_AGENT = 1024;

/** One request as far as it has come. */
export interface AuditedRequest {
  id: string;
  decision: AuditDecision;
  http: HttpRequest;
  user: User | undefined;
  attributes: Attributes;
  receivedMs: number;
  annotations: Record<string, string>;
  /** Set once there is an answer. */
  response?: { status: number; body: string | undefined } | undefined;
}

export interface AuditRecord {
  request: AuditedRequest;
  stage: Stage;
  atMs: number;
}

/** The event as it stands in the log. */
export async function auditEvent({ request, stage, atMs }: AuditRecord): Promise<object> {
  const { id, decision, http, user, attributes, receivedMs, annotations } = request;
  const { resource, verb } = attributes;
  const answered = stage === "ResponseStarted" || stage === "ResponseComplete";
  const body = stage === "ResponseComplete" && resource ? await requestBody(http) : undefined;
  const response = answered ? request.response : undefined;
  const answer = response?.body === undefined ? undefined : parsed(response.body);
  const withObjects = stage === "ResponseComplete" && resource !== undefined;
  return {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: decision.level,
    auditID: id,
    stage,
    requestURI: http.url,
    verb,
    user: userInfo(user?.impersonatedBy ?? user),
    ...(user?.impersonatedBy ? { impersonatedUser: userInfo(user) } : {}),
    sourceIPs: sourceAddresses(http),
    ...(http.headers["user-agent"] ? { userAgent: http.headers["user-agent"].slice(0, MAX_USER_AGENT) } : {}),
    ...(resource ? { objectRef: objectReference(attributes, body) } : {}),
    ...(response ? { responseStatus: statusOf(response.status, answer) } : {}),
    ...(withObjects && atLeast(decision.level, "Request") && body !== undefined ? { requestObject: kept(body, decision) } : {}),
    ...(withObjects && atLeast(decision.level, "RequestResponse") && isObject(answer) ? { responseObject: kept(answer, decision) } : {}),
    requestReceivedTimestamp: toMicroTime(receivedMs),
    stageTimestamp: toMicroTime(atMs),
    ...(answered && Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
}

export function atLeast(level: Level, wanted: Level): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(wanted);
}

function userInfo(user: User | undefined): object {
  if (!user) return {};
  const { name, uid, groups, extra } = user;
  return { username: name, ...(uid ? { uid } : {}), groups, ...(extra ? { extra } : {}) };
}

/** The client and the proxies before it, as the headers tell; the last is who really connected. */
function sourceAddresses({ headers, remoteAddress }: HttpRequest): string[] {
  const forwarded = (headers["x-forwarded-for"] ?? "").split(",").map((address) => address.trim()).filter((address) => address !== "");
  const real = headers["x-real-ip"];
  const all = [...forwarded, ...(real && !forwarded.includes(real) ? [real] : [])];
  const remote = remoteAddress ?? "127.0.0.1";
  return all.at(-1) === remote ? all : [...all, remote];
}

function objectReference({ resource }: Attributes, body: unknown): object {
  const { resource: plural, namespace, name, group, version, subresource } = resource!;
  const metadata = isObject(body) && isObject(body["metadata"]) ? (body["metadata"] as { name?: string; namespace?: string; uid?: string; resourceVersion?: string }) : {};
  const fields = {
    resource: plural,
    namespace: namespace || metadata.namespace,
    // What is created has its name in the body.
    name: name || metadata.name,
    uid: metadata.uid,
    apiGroup: group,
    apiVersion: version,
    resourceVersion: metadata.resourceVersion,
    subresource,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ""));
}

function statusOf(code: number, answer: unknown): object {
  if (!isObject(answer) || answer["kind"] !== "Status") return { metadata: {}, code };
  const { status, message, reason, details } = answer as Status;
  return { metadata: {}, ...(status ? { status } : {}), ...(message ? { message } : {}), ...(reason ? { reason } : {}), ...(details ? { details } : {}), code };
}

async function requestBody(http: HttpRequest): Promise<unknown> {
  if (http.body === undefined || http.body.length === 0) return undefined;
  try {
    const type = mediaType(http);
    if (type === PROTOBUF) return (await import("../protobuf/decode.ts")).decodeProtobuf(http.body as Uint8Array);
    return type.endsWith("yaml") ? (await import("../yaml.ts")).parseYaml(bodyAsText(http)).value : parsed(bodyAsText(http));
  } catch {
    // Refused for that, too: the answer says why.
    return undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Without the managed fields where the policy wants none. */
function kept(value: unknown, { omitManagedFields }: AuditDecision): unknown {
  if (!omitManagedFields || !isObject(value)) return value;
  const { items, rows } = value as { items?: unknown[]; rows?: { object?: unknown }[] };
  const { metadata } = value;
  return {
    ...value,
    ...(isObject(metadata) ? { metadata: withoutManagedFields(metadata) } : {}),
    ...(items ? { items: items.map((item) => kept(item, { omitManagedFields } as AuditDecision)) } : {}),
    ...(rows ? { rows: rows.map((row) => ({ ...row, object: kept(row.object, { omitManagedFields } as AuditDecision) })) } : {}),
  };
}

function withoutManagedFields(metadata: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(metadata).filter(([field]) => field !== "managedFields"));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * What the query of a list, a watch or a deletecollection asks for.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/internalversion/validation/validation.go
 */
import { badRequest, invalid, StatusError, type FieldError } from "#api/errors.ts";
import { isTrue } from "../request-info.ts";

export interface ListOptions {
  /** Below one: none. */
  limit: number;
  continue: string;
  /** Empty when it isn't given. */
  resourceVersion: string;
  resourceVersionMatch: string;
  sendInitialEvents: boolean | undefined;
  allowWatchBookmarks: boolean;
  /** 0 when it isn't given. */
  timeoutSeconds: number;
}

const LIST_OPTIONS = { group: "meta.k8s.io", resource: "ListOptions" };

/** Throws BadRequest for what can't be parsed, Invalid for options that exclude each other. */
export function listOptionsOf(query: URLSearchParams, watch: boolean): ListOptions {
  const sendInitialEvents = query.get("sendInitialEvents");
  const options: ListOptions = {
    limit: integerOf(query, "limit"),
    continue: query.get("continue") ?? "",
    resourceVersion: query.get("resourceVersion") ?? "",
    resourceVersionMatch: query.get("resourceVersionMatch") ?? "",
    sendInitialEvents: sendInitialEvents === null ? undefined : isTrue(sendInitialEvents),
    allowWatchBookmarks: isTrue(query.get("allowWatchBookmarks")),
    timeoutSeconds: integerOf(query, "timeoutSeconds"),
  };
  if (watch) setWatchDefaults(options);
  const errors = watch ? watchErrors(options) : listErrors(options);
  if (errors.length > 0) throw invalid(LIST_OPTIONS, errors);
  return options;
}

/** A watch from no certain revision begins with what is there. */
function setWatchDefaults(options: ListOptions): void {
  const { sendInitialEvents, resourceVersionMatch, resourceVersion } = options;
  if (sendInitialEvents !== undefined || resourceVersionMatch !== "" || !isAny(resourceVersion)) return;
  options.sendInitialEvents = true;
  options.resourceVersionMatch = "NotOlderThan";
}

/** Whether a resourceVersion leaves the choice to the server. */
export function isAny(resourceVersion: string): boolean {
  return resourceVersion === "" || resourceVersion === "0";
}

function listErrors({ resourceVersion, resourceVersionMatch: match, continue: token, sendInitialEvents }: ListOptions): FieldError[] {
  const errors: FieldError[] = [];
  if (match !== "") {
    if (resourceVersion === "") errors.push(forbiddenMatch("resourceVersionMatch is forbidden unless resourceVersion is provided"));
    if (token !== "") errors.push(forbiddenMatch("resourceVersionMatch is forbidden when continue is provided"));
    if (match !== "Exact" && match !== "NotOlderThan") errors.push(unsupportedMatch(match, '"Exact", "NotOlderThan", ""'));
    if (match === "Exact" && resourceVersion === "0") errors.push(forbiddenMatch('resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (sendInitialEvents !== undefined) errors.push(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  return errors;
}

function watchErrors({ resourceVersionMatch: match, continue: token, sendInitialEvents }: ListOptions): FieldError[] {
  const errors: FieldError[] = [];
  if (sendInitialEvents !== undefined && match !== "NotOlderThan") errors.push(forbiddenMatch("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  if (match !== "") {
    if (sendInitialEvents === undefined) errors.push(forbiddenMatch("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
    if (match !== "NotOlderThan") errors.push(unsupportedMatch(match, '"NotOlderThan"'));
    if (token !== "") errors.push(forbiddenMatch("resourceVersionMatch is forbidden when continue is provided"));
  }
  return errors;
}

function forbidden(field: string, message: string): FieldError {
  return { field, type: "Forbidden", message: `Forbidden: ${message}` };
}

function forbiddenMatch(message: string): FieldError {
  return forbidden("resourceVersionMatch", message);
}

function unsupportedMatch(match: string, supported: string): FieldError {
  return { field: "resourceVersionMatch", type: "NotSupported", message: `Unsupported value: ${JSON.stringify(match)}: supported values: ${supported}` };
}

function integerOf(query: URLSearchParams, name: string): number {
  const text = query.get(name);
  if (text === null) return 0;
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** What is wrong with a text as a resourceVersion, in upstream's words; undefined for a good one. */
export function resourceVersionProblem(text: string): string | undefined {
  if (text === "" || /^\d+$/.test(text)) return undefined;
  return `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
}

/**
 * A revision of the future. Upstream waits three seconds for it before it says so; here no write can be
 * under way that the client knows of.
 */
export function tooLarge(wanted: number, current: number): StatusError {
  return new StatusError(504, "Timeout", `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}

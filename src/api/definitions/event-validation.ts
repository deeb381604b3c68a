/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/events.go */
import { isDeepStrictEqual } from "node:util";
import type { FieldError } from "../errors.ts";
import type { Event } from "../types.ts";
import { invalid, invalidFor, required, validateImmutable } from "./field-errors.ts";
import { dns1123Subdomain, qualifiedName, validateName } from "./names.ts";

const MAX_LENGTH = 128;
const MAX_NOTE_LENGTH = 1024;

/** What an event may not change through events.k8s.io: by upstream's internal names. */
const IMMUTABLE = [
  "involvedObject",
  "reason",
  "message",
  "source",
  "firstTimestamp",
  "lastTimestamp",
  "count",
  "type",
  "eventTime",
  "action",
  "related",
  "reportingComponent",
  "reportingInstance",
] as const;

/** What every event has to keep to. */
export function validateEvent(event: Event): FieldError[] {
  const { metadata, eventTime } = event;
  const errors = eventTime ? validateNewEvent(event) : validateOldEvent(event);
  return [...errors, ...invalidFor("namespace", metadata.namespace, dns1123Subdomain(metadata.namespace ?? ""))];
}

/** Events without an eventTime, as clients wrote them before events.k8s.io. */
function validateOldEvent({ metadata: { namespace = "" }, involvedObject }: Event): FieldError[] {
  const about = involvedObject.namespace ?? "";
  const agrees = about === "" ? ["", "default"].includes(namespace) : about === namespace;
  return agrees ? [] : [invalid("involvedObject.namespace", about, "does not match event.namespace")];
}

function validateNewEvent(event: Event): FieldError[] {
  const { metadata, involvedObject, reportingComponent: controller = "", reportingInstance = "", action = "", reason = "", message = "" } = event;
  const astray = !involvedObject.namespace && !["default", "kube-system"].includes(metadata.namespace ?? "");
  const text = (field: string, value: string): FieldError[] => [
    ...(value === "" ? [required(field)] : []),
    ...(Buffer.byteLength(value) > MAX_LENGTH ? [invalid(field, "", `can have at most ${MAX_LENGTH} characters`)] : []),
  ];
  return [
    ...(astray ? [invalid("involvedObject.namespace", "", "does not match event.namespace")] : []),
    ...(controller === "" ? [required("reportingController")] : []),
    ...invalidFor("reportingController", controller, qualifiedName(controller)),
    ...text("reportingInstance", reportingInstance),
    ...text("action", action),
    ...text("reason", reason),
    ...(Buffer.byteLength(message) > MAX_NOTE_LENGTH ? [invalid("message", "", `can have at most ${MAX_NOTE_LENGTH} characters`)] : []),
  ];
}

/** What besides is asked of events that are written through events.k8s.io; `old` is what an update replaces. */
export function validateStrictEvent(event: Event, old?: Event): FieldError[] {
  const errors = validateEvent(event);
  if (old) {
    const series = isDeepStrictEqual(event.series, old.series) ? [] : validateSeries(event);
    return [...errors, ...series, ...IMMUTABLE.flatMap((name) => validateImmutable(name === "reportingComponent" ? "reportingController" : name, event[name], old[name]))];
  }
  const unset = (field: string, value: unknown): FieldError[] => (value ? [invalid(field, "", "needs to be unset")] : []);
  return [
    ...errors,
    ...validateName(event.metadata.name, dns1123Subdomain),
    ...validateSeries(event),
    ...(event.eventTime ? [] : [required("eventTime")]),
    ...(event.type === "Normal" || event.type === "Warning" ? [] : [invalid("type", "", `has invalid value: ${event.type ?? ""}`)]),
    ...unset("firstTimestamp", event.firstTimestamp),
    ...unset("lastTimestamp", event.lastTimestamp),
    ...unset("count", event.count),
    ...unset("source", event.source?.component || event.source?.host),
  ];
}

function validateSeries({ series }: Event): FieldError[] {
  if (!series) return [];
  return [
    ...((series.count ?? 0) < 2 ? [invalid("series.count", "", "should be at least 2")] : []),
    ...(series.lastObservedTime ? [] : [required("series.lastObservedTime")]),
  ];
}

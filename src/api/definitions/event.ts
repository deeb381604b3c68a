import { events } from "../resources.ts";
import type { Event } from "../types.ts";
import { column, countTextColumn, nameColumn, since, wide } from "./columns.ts";
import { define } from "./define.ts";
import { validateEvent } from "./event-validation.ts";

export const event = define(events, {
  model: "io.k8s.api.core.v1.Event",
  shortNames: ["ev"],
  validate: validateEvent,
  fields: ({ involvedObject, reason, reportingComponent, source, type }) => ({
    "involvedObject.kind": involvedObject.kind ?? "",
    "involvedObject.namespace": involvedObject.namespace ?? "",
    "involvedObject.name": involvedObject.name ?? "",
    "involvedObject.uid": involvedObject.uid ?? "",
    "involvedObject.apiVersion": involvedObject.apiVersion ?? "",
    "involvedObject.resourceVersion": involvedObject.resourceVersion ?? "",
    "involvedObject.fieldPath": involvedObject.fieldPath ?? "",
    reason: reason ?? "",
    reportingComponent: reportingComponent ?? "",
    source: source?.component || reportingComponent || "",
    type: type ?? "",
  }),
  columns: [
    column("Last Seen", "The time at which the most recent occurrence of this event was recorded.", lastSeen),
    column("Type", "Type of this event (Normal, Warning), new types could be added in the future", ({ type }) => type ?? ""),
    column("Reason", "This should be a short, machine understandable string that gives the reason for the transition into the object's current status.", ({ reason }) => reason ?? ""),
    column("Object", "The object that this event is about.", ({ involvedObject: { kind = "", name } }) => (name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase())),
    wide(column("Subobject", "If referring to a piece of an object instead of an entire object, this string should contain a valid JSON/Go field access statement.", ({ involvedObject }) => involvedObject.fieldPath ?? "")),
    wide(column("Source", "The component reporting this event. Should be a short machine understandable string.", sourceText)),
    column("Message", "A human-readable description of the status of this operation.", ({ message }) => (message ?? "").trim()),
    wide(column("First Seen", "The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)", firstSeen)),
    wide(countTextColumn("Count", "The number of times this event has occurred.", ({ series, count }) => series?.count ?? (count || 1))),
    wide(nameColumn()),
  ],
});

function firstSeen({ firstTimestamp, eventTime }: Event, nowMs: number): string {
  return since(firstTimestamp ?? eventTime, nowMs);
}

function lastSeen(object: Event, nowMs: number): string {
  const last = object.series?.lastObservedTime ?? object.lastTimestamp;
  return last ? since(last, nowMs) : firstSeen(object, nowMs);
}

function sourceText({ source, reportingComponent, reportingInstance }: Event): string {
  const component = source?.component || reportingComponent || "";
  const host = source?.host || reportingInstance;
  return host ? `${component}, ${host}` : component;
}

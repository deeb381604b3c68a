/**
 * Events under the names of events.k8s.io. They are the core group's Events, stored once: whatever is
 * written through one group is read through the other.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/events/v1/conversion.go
 */
import { eventsEvents } from "../resources.ts";
import type { Event, EventsEvent, KubeObject } from "../types.ts";
import { define } from "./define.ts";
import { event } from "./event.ts";
import { validateStrictEvent } from "./event-validation.ts";

/** Fields by their names in events.k8s.io and in the core group; the others are called the same in both. */
const RENAMED: [events: string, core: string][] = [
  ["regarding", "involvedObject"],
  ["note", "message"],
  ["reportingController", "reportingComponent"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"],
];
const TO_CORE = new Map(RENAMED);
const FROM_CORE = new Map(RENAMED.map(([events, core]) => [core, events]));

function renamed(object: object, names: ReadonlyMap<string, string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [names.get(name) ?? name, value]));
}

/** The event as the core group has it. */
export function toCoreEvent(object: EventsEvent): Event {
  const renamedObject = renamed(object, TO_CORE);
  // Required there, and in Go a struct.
  return { involvedObject: {}, ...renamedObject, apiVersion: "v1" } as Event;
}

function fromCoreEvent(object: Event): EventsEvent {
  return { ...renamed(object, FROM_CORE), apiVersion: "events.k8s.io/v1" } as unknown as EventsEvent;
}

export const eventsEvent = define(eventsEvents, {
  model: "io.k8s.api.events.v1.Event",
  shortNames: ["ev"],
  stored: {
    group: "",
    plural: "events",
    toStored: (object) => toCoreEvent(object as EventsEvent),
    fromStored: (stored) => fromCoreEvent(stored as Event) as KubeObject,
  },
  validate: (object, old) => validateStrictEvent(toCoreEvent(object), old && toCoreEvent(old)),
  fields({ regarding = {}, reason, reportingController, type }) {
    const about = (["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"] as const).map((name) => [`regarding.${name}`, regarding[name] ?? ""]);
    return { ...(Object.fromEntries(about) as Record<string, string>), reason: reason ?? "", reportingController: reportingController ?? "", type: type ?? "" };
  },
  columns: event.columns!.map((column) => ({ ...column, cell: (object, nowMs) => column.cell(toCoreEvent(object), nowMs) })),
});

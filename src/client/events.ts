/**
 * Records what happened to an object as Events; repetitions raise the count of one event.
 * @see https://github.com/kubernetes/client-go/blob/master/tools/record/events_cache.go
 */
import { toTime, type Clock } from "#lib/clock.ts";
import { errorMessage, type Logger } from "#lib/log.ts";
import { isNotFound, StatusError } from "#api/errors.ts";
import { events } from "#api/resources.ts";
import type { KubeObject, ObjectReference } from "#api/types.ts";
import type { Client } from "./client.ts";

export interface EventRecorder {
  /** Never throws: an event that can't be written is logged. `fieldPath` names a part, such as `spec.containers{web}`. */
  event(object: KubeObject | ObjectReference, type: "Normal" | "Warning", reason: string, message: string, fieldPath?: string): void;
  /** Resolves when all events so far are written. */
  flush(): Promise<void>;
}

/** Shared by all recorders: two of them may speak of one object in the same millisecond. */
let sequence = 0;

/** How many distinct events are remembered for counting. */
const REMEMBERED = 4096;

export function eventRecorder(client: Client, clock: Clock, log: Logger, source: { component: string; host?: string }): EventRecorder {
  const known = new Map<string, { name: string; namespace: string; count: number }>();
  let tail: Promise<void> = Promise.resolve();

  async function write(reference: ObjectReference, type: string, reason: string, message: string): Promise<void> {
    const now = toTime(clock.now());
    const namespace = reference.namespace || "default";
    const identity = [reference.kind, reference.uid, namespace, reference.name, reference.fieldPath, type, reason, message].join("\0");
    const earlier = known.get(identity);
    if (earlier) {
      earlier.count++;
      try {
        await client.patch(events, earlier, "merge", { count: earlier.count, lastTimestamp: now });
        return;
      } catch (error) {
        if (!isNotFound(error)) throw error;
        known.delete(identity);
      }
    }
    // As upstream: the object's name and a hexadecimal time in nanoseconds, unique within this process.
    const name = `${reference.name}.${(BigInt(Math.trunc(clock.now())) * 1_000_000n + BigInt(sequence++ % 1_000_000)).toString(16)}`;
    await client.create(events, {
      metadata: { name, namespace },
      involvedObject: reference,
      type,
      reason,
      message,
      source,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      reportingComponent: source.component,
      reportingInstance: source.host ?? "",
    });
    if (known.size >= REMEMBERED) known.delete(known.keys().next().value!);
    known.set(identity, { name, namespace, count: 1 });
  }

  return {
    event(object, type, reason, message, fieldPath) {
      const reference = "metadata" in object ? referenceTo(object) : object;
      const about = fieldPath ? { ...reference, fieldPath } : reference;
      tail = tail
        .then(() => write(about, type, reason, message))
        .catch((error: unknown) => {
          // What dies with its namespace needs no obituary.
          if (isNamespaceTerminating(error)) return;
          log.warn(`event ${reason} on ${reference.kind}/${reference.name} was not written`, { error: errorMessage(error) });
        });
    },
    flush: () => tail,
  };
}

function isNamespaceTerminating(error: unknown): boolean {
  return error instanceof StatusError && (error.status.details?.causes ?? []).some(({ reason }) => reason === "NamespaceTerminating");
}

/** A reference to an object, as events and bindings carry it. */
export function referenceTo(object: KubeObject): ObjectReference {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    ...(name ? { name } : {}),
    ...(namespace ? { namespace } : {}),
    ...(uid ? { uid } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
  };
}

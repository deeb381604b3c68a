/**
 * What some kinds do beyond their definition: the hooks of upstream's registry strategies.
 * @see https://github.com/kubernetes/kubernetes/tree/master/pkg/registry/core
 */
import type { DeleteOptions, KubeObject } from "#api/types.ts";
import type { WriteRequest } from "./context.ts";

/** Gives back what {@link Strategy.reserve} took; called when the write did not happen. */
export type Release = () => void;

export interface Strategy<T extends KubeObject = KubeObject> {
  /** Writes into a new object what it has from its request: who asked. */
  prepareForCreate?: (object: T, request: WriteRequest) => void;
  /** Writes into a new status what clients may leave out: times. */
  prepareForStatusUpdate?: (object: T, old: T) => void;
  /** Refuses a write of the object itself by throwing, before it is validated: one that gives away rights. */
  checkWrite?: (object: T, old: T | undefined, request: WriteRequest) => void;
  /**
   * Allocates what the object needs from shared pools (addresses, ports) and writes it into the object.
   * The release is called once the write has failed or was a dry run; a stored object holds its own.
   */
  reserve?: (object: T, old: T | undefined, request: WriteRequest) => Release;
  /** Seconds of grace for a delete; undefined when the kind is deleted at once. */
  graceSeconds?: (object: T, options: DeleteOptions) => number | undefined;
  /** Before deletionTimestamp and finalizers are decided on: changes to an object that is being deleted. */
  markDeleting?: (object: T) => void;
  /** Whether something besides metadata.finalizers keeps the object from going. */
  finalizing?: (object: T) => boolean;
  /** Refuses a delete by throwing. */
  checkDelete?: (object: T) => void;
  /** Whether a delete answers with the object, not a Status. */
  returnsDeleted?: boolean;
  /** The metadata that writes to the status may change: labels and annotations, or nothing (default). */
  statusWritesMetadata?: boolean;
  /** The propagation when the client asks for none: background unless said otherwise. */
  defaultPropagation?: "Orphan" | "Background";
}

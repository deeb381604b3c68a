/** What every registry shares, and what one request brings along. */
import type { Clock } from "#lib/clock.ts";
import type { Logger } from "#lib/log.ts";
import type { Rng } from "#lib/random.ts";
import type { Store } from "#store/index.ts";
import type { AdmissionChain } from "../admission/admission.ts";
import type { User } from "../user.ts";

export interface RegistryContext {
  store: Store;
  clock: Clock;
  rng: Rng;
  log: Logger;
  admission: AdmissionChain;
}

/** The circumstances of one write. */
export interface WriteRequest {
  user: User;
  /** Empty for cluster-scoped resources. */
  namespace: string;
  /** Go through everything but don't store (`dryRun=All`). */
  dryRun: boolean;
  /** Tells the client something in a `Warning:` header. */
  warn: (text: string) => void;
  /** Who owns the fields that the write changes; the server's own writes are nobody's but "unknown". */
  fieldManager?: string | undefined;
  /** Notes something for the audit log. */
  annotate?: ((key: string, value: string) => void) | undefined;
  /** The options of the request as webhooks are told them: `CreateOptions`, `UpdateOptions`, `PatchOptions`. */
  options?: object | undefined;
}

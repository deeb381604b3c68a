/**
 * Forgets history by its age, as kube-apiserver has etcd do.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/storage/etcd3/compact.go
 */
import { every, type Clock } from "#lib/clock.ts";
import type { Store } from "./store.ts";

/** kube-apiserver's --etcd-compaction-interval. */
const INTERVAL_MS = 5 * 60_000;

/** Every five minutes forgets what was five minutes old or older then: history of the last 5 to 10 minutes stays. Returns a function that stops it. */
export function compactPeriodically(store: Store, clock: Clock): () => void {
  // As upstream, the first round only takes note: what was before the start may be younger than it looks.
  let lastRound = 0;
  return every(clock, INTERVAL_MS, () => {
    store.compact(lastRound);
    lastRound = store.revision;
  });
}

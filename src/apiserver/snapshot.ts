/**
 * The backup of everything, for `tidepool snapshot save`. In Kubernetes one asks etcd for it; here the API
 * server stands in for etcd's port. Administrators only: Secrets are in it.
 */
import type { HttpResponse } from "#lib/http.ts";
import { snapshotChunks, type Store } from "#store/index.ts";

export const SNAPSHOT_PATH = "/tidepool/snapshot";

export function snapshotResponse(store: Store): HttpResponse {
  return { status: 200, headers: { "content-type": "application/x-ndjson", "cache-control": "no-store" }, body: snapshotChunks(store.snapshot()) };
}

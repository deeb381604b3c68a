/**
 * The one part of the control plane that this server can speak for: what it keeps its objects in.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/componentstatus/rest.go
 */
import { errorMessage } from "#lib/log.ts";
import type { ComponentStatus } from "#api/types.ts";
import { KeyExistsError } from "#store/index.ts";
import type { Registry } from "./registry/registry.ts";

/** Whoever reads this has it from the store, so that it is true whenever it is read. */
const STORE: ComponentStatus = {
  apiVersion: "v1",
  kind: "ComponentStatus",
  metadata: { name: "etcd-0" },
  conditions: [{ type: "Healthy", status: "True", message: "ok" }],
};

/** Puts the status where reads find it. */
export function tellComponentStatus(statuses: Registry): void {
  const { store, log } = statuses.context;
  const key = statuses.key("", STORE.metadata.name!);
  if (store.get(key)) return;
  store.create(key, structuredClone(STORE)).catch((error: unknown) => {
    if (!(error instanceof KeyExistsError)) log.warn("the component status was not written", { error: errorMessage(error) });
  });
}

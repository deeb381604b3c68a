import { join } from "node:path";
import { goldenTests } from "#lib/golden.ts";
import type { KubeObject } from "#api/types.ts";
import { planGarbage, type OwnerState } from "./plan.ts";

interface Case {
  deleting?: boolean;
  finalizers?: string[];
  /** What is known of each owner, by its uid. */
  owners?: Record<string, OwnerState>;
  /** Whether each dependent blocks its owner's deletion, by name. */
  dependents?: Record<string, "blocks" | "doesn't block">;
}

goldenTests<Case>(join(import.meta.dirname, "testdata"), ({ deleting, finalizers, owners = {}, dependents = {} }) => {
  const reference = (uid: string, blockOwnerDeletion = false) => ({ apiVersion: "v1", kind: "ConfigMap", name: uid, uid, blockOwnerDeletion });
  const object = (name: string, metadata: Partial<KubeObject["metadata"]>): KubeObject => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, uid: name, ...metadata } });
  const plan = planGarbage({
    object: object("self", { ...(finalizers ? { finalizers } : {}), ...(deleting ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}) }),
    owners: Object.entries(owners).map(([uid, state]) => ({ reference: reference(uid), state })),
    dependents: Object.entries(dependents).map(([name, how]) => object(name, { ownerReferences: [reference("self", how === "blocks")] })),
  });
  return "dependents" in plan ? { ...plan, dependents: plan.dependents.map(({ metadata }) => metadata.name) } : plan;
});

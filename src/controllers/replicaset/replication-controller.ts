/**
 * Keeps the pods of every ReplicationController: a ReplicaSet's ancestor, with a plain map for a selector.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/replication/conversion.go
 */
import { replicationControllers } from "#api/resources.ts";
import type { ReplicaSet, ReplicationController } from "#api/types.ts";
import type { Controller } from "#client/controller.ts";
import type { ControllerContext } from "../common/context.ts";
import { startReplicaController } from "./controller.ts";

export function startReplicationController(context: ControllerContext): Controller {
  return startReplicaController(context, { name: "replication-controller", resource: replicationControllers, asReplicaSet });
}

function asReplicaSet(controller: ReplicationController): ReplicaSet {
  const { selector, ...spec } = controller.spec;
  return { ...controller, spec: { ...spec, selector: { matchLabels: selector ?? {} } } };
}

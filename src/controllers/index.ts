/**
 * The controller manager: every controller, in one process with the API server. There is only ever
 * one of it, so there is no leader election.
 */
import type { Controller } from "#client/controller.ts";
import type { ControllerContext } from "./context.ts";
import { startDeploymentController } from "./deployment/controller.ts";
import { startEndpointsController } from "./endpoints/controller.ts";
import { startEndpointSliceController } from "./endpointslice/controller.ts";
import { startReplicaSetController } from "./replicaset/controller.ts";

export interface Controllers {
  stop(): Promise<void>;
  /** Resolves when no controller has anything to do; timers for later don't count. */
  whenIdle(): Promise<void>;
}

export function startControllers(context: ControllerContext): Controllers {
  const controllers: Controller[] = [
    startDeploymentController(context),
    startReplicaSetController(context),
    startEndpointSliceController(context),
    startEndpointsController(context),
  ];
  return {
    stop: async () => void (await Promise.all(controllers.map((controller) => controller.stop()))),
    whenIdle: async () => void (await Promise.all(controllers.map((controller) => controller.whenIdle()))),
  };
}

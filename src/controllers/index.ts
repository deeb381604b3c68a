/**
 * The controller manager: every controller, in one process with the API server. There is only ever
 * one of it, so there is no leader election.
 */
import type { ServiceAccount } from "#api/types.ts";
import type { Client } from "#client/client.ts";
import { startBootstrapSignerController } from "./bootstrap/signer.ts";
import { startTokenCleanerController } from "./bootstrap/token-cleaner.ts";
import { startCertificateApprovingController } from "./certificates/approver.ts";
import { startCertificateCleanerController } from "./certificates/cleaner.ts";
import { startCertificateSigningController, type SignCertificate } from "./certificates/signer.ts";
import { startClusterRoleAggregationController } from "./clusterroleaggregation/controller.ts";
import type { ControllerContext } from "./common/context.ts";
import { WatchedKinds } from "./common/watched-kinds.ts";
import { startCronJobController } from "./cronjob/controller.ts";
import { startDaemonSetController } from "./daemonset/controller.ts";
import { startDeploymentController } from "./deployment/controller.ts";
import { startDisruptionController } from "./disruption/controller.ts";
import { startEndpointsController } from "./endpoints/controller.ts";
import { startEndpointSliceController } from "./endpointslice/controller.ts";
import { startGarbageCollector } from "./garbagecollector/controller.ts";
import { startJobController } from "./job/controller.ts";
import { startNamespaceController } from "./namespace/controller.ts";
import { startNodeIpamController } from "./nodeipam/controller.ts";
import { startNodeLifecycleController } from "./nodelifecycle/controller.ts";
import { startPersistentVolumeController } from "./persistentvolume/controller.ts";
import { startPodGcController } from "./podgc/controller.ts";
import { startReplicaSetController } from "./replicaset/controller.ts";
import { startReplicationController } from "./replicaset/replication-controller.ts";
import { startResourceQuotaController } from "./resourcequota/controller.ts";
import { startServiceAccountController } from "./serviceaccount/controller.ts";
import { startServiceAccountTokensController } from "./serviceaccount/tokens-controller.ts";
import { startStatefulSetController } from "./statefulset/controller.ts";
import { startTtlAfterFinishedController } from "./ttlafterfinished/controller.ts";
import { startValidatingAdmissionPolicyStatusController } from "./validatingadmissionpolicystatus/controller.ts";
import { startVolumeProtectionController } from "./volumeprotection/controller.ts";

export interface ControllersOptions extends ControllerContext {
  /** The controller manager's own, for what no service account does. */
  client: Client;
  /** The certificates that pods trust the API server by, as PEM. */
  caBundle: string;
  /** Makes what a Secret of type `kubernetes.io/service-account-token` holds. */
  issueToken: (account: ServiceAccount, secretName: string) => string;
  /** Signs with the cluster's authority. */
  signCertificate: SignCertificate;
  /** Where dynamically provisioned volumes live. */
  volumesDirectory: string;
  /** The range of pod addresses; every node gets a /24 of it. */
  clusterCidr?: string | undefined;
  /** Where schedules without a time zone are; UTC by default. */
  timeZone?: string | undefined;
}

export interface Controllers {
  stop(): Promise<void>;
  /** Resolves when no controller has anything to do; timers for later don't count. */
  whenIdle(): Promise<void>;
}

export function startControllers(options: ControllersOptions): Controllers {
  const kinds = new WatchedKinds(options);
  const controllers = [
    kinds,
    startServiceAccountController(options, options.caBundle),
    startServiceAccountTokensController(options, options),
    startClusterRoleAggregationController(options),
    startCertificateApprovingController(options),
    startCertificateSigningController(options, options.signCertificate),
    startCertificateCleanerController(options),
    startTokenCleanerController(options),
    startBootstrapSignerController(options),
    startNamespaceController(options),
    startGarbageCollector(options, kinds),
    startNodeIpamController(options, options.clusterCidr ?? "10.244.0.0/16"),
    startNodeLifecycleController(options),
    startPodGcController(options),
    startDeploymentController(options),
    startReplicaSetController(options),
    startReplicationController(options),
    startDaemonSetController(options),
    startJobController(options),
    startCronJobController(options, options.timeZone ?? "UTC"),
    startTtlAfterFinishedController(options),
    startDisruptionController(options, kinds),
    startResourceQuotaController(options, kinds),
    startStatefulSetController(options),
    startEndpointSliceController(options),
    startEndpointsController(options),
    startPersistentVolumeController(options, options.volumesDirectory),
    startVolumeProtectionController(options),
    startValidatingAdmissionPolicyStatusController(options),
  ];
  return {
    stop: async () => void (await Promise.all(controllers.map((controller) => controller.stop()))),
    whenIdle: async () => void (await Promise.all(controllers.map((controller) => controller.whenIdle()))),
  };
}

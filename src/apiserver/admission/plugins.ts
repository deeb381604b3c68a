/**
 * The admission plugins that are built in, in upstream's order.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/kubeapiserver/options/plugins.go (AllOrderedPlugins)
 */
import type { Rng } from "#lib/random.ts";
import { nodes, pods, storageClasses } from "#api/resources.ts";
import type { Finders } from "../finders.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { defaultStorageClass } from "./default-storage-class.ts";
import { defaultTolerationSeconds } from "./default-toleration-seconds.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { persistentVolumeClaimResize } from "./persistent-volume-claim-resize.ts";
import { podSecurity } from "./pod-security/pod-security.ts";
import { podTopologyLabels } from "./pod-topology-labels.ts";
import { serviceAccountAdmission } from "./service-account.ts";
import { storageObjectInUseProtection } from "./storage-object-in-use-protection.ts";
import { taintNodesByCondition } from "./taint-nodes-by-condition.ts";

export interface PluginContext {
  find: Finders;
  rng: Rng;
}

export function builtInPlugins({ find, rng }: PluginContext): AdmissionPlugin[] {
  return [
    namespaceLifecycle(find.namespace),
    serviceAccountAdmission(find.serviceAccount, rng),
    taintNodesByCondition,
    podSecurity({ namespace: find.namespace, pods: (namespace) => find.list(pods, namespace) }),
    defaultTolerationSeconds,
    defaultStorageClass(() => find.list(storageClasses)),
    storageObjectInUseProtection,
    persistentVolumeClaimResize((name) => find.object(storageClasses, "", name)),
    podTopologyLabels((name) => find.object(nodes, "", name)),
  ];
}

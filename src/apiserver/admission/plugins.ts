/**
 * The admission plugins that are built in, in upstream's order.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/kubeapiserver/options/plugins.go (AllOrderedPlugins)
 */
import type { Clock } from "#lib/clock.ts";
import type { Logger } from "#lib/log.ts";
import type { Rng } from "#lib/random.ts";
import {
  ingressClasses,
  limitRanges,
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  mutatingWebhookConfigurations,
  nodes,
  pods,
  priorityClasses,
  resourceQuotas,
  runtimeClasses,
  storageClasses,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
  validatingWebhookConfigurations,
} from "#api/resources.ts";
import type { Authorizer } from "../authorization/authorizer.ts";
import type { Finders } from "../finders.ts";
import type { ServiceDialer } from "../streaming/service-dialer.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from "./certificates.ts";
import { celAuthorizer } from "./cel/authorizer.ts";
import { defaultIngressClass } from "./default-ingress-class.ts";
import { defaultStorageClass } from "./default-storage-class.ts";
import { defaultTolerationSeconds } from "./default-toleration-seconds.ts";
import { limitRanger } from "./limit-ranger.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { nodeRestriction } from "./node-restriction.ts";
import { persistentVolumeClaimResize } from "./persistent-volume-claim-resize.ts";
import { podSecurity } from "./pod-security/pod-security.ts";
import { podTopologyLabels } from "./pod-topology-labels.ts";
import { mutatingPolicies } from "./policy/mutating.ts";
import { validatingPolicies } from "./policy/validating.ts";
import { priorityAdmission } from "./priority.ts";
import { resourceQuotaAdmission } from "./resource-quota.ts";
import { runtimeClassAdmission } from "./runtime-class.ts";
import { serviceAccountAdmission } from "./service-account.ts";
import { storageObjectInUseProtection } from "./storage-object-in-use-protection.ts";
import { taintNodesByCondition } from "./taint-nodes-by-condition.ts";
import { webhookClient } from "./webhook/client.ts";
import { mutatingWebhooks } from "./webhook/mutating.ts";
import { validatingWebhooks } from "./webhook/validating.ts";

export interface PluginContext {
  find: Finders;
  rng: Rng;
  clock: Clock;
  log: Logger;
  authorizer: Authorizer;
  /** Connects to webhooks in the cluster. */
  dialService: ServiceDialer;
  /** Ends the connections to webhooks. */
  signal: AbortSignal;
}

export function builtInPlugins({ find, rng, clock, log, authorizer, dialService, signal }: PluginContext): AdmissionPlugin[] {
  const webhooks = { send: webhookClient({ dialService, clock, signal }), rng, log };
  const expressions = { ...find, authorize: celAuthorizer(authorizer) };
  const storageClassNamed = (name: string) => find.object(storageClasses, "", name);
  return [
    namespaceLifecycle(find.namespace),
    limitRanger((namespace) => find.list(limitRanges, namespace)),
    serviceAccountAdmission(find.serviceAccount, rng),
    nodeRestriction({ pod: find.pod, node: (name) => find.object(nodes, "", name) }),
    taintNodesByCondition,
    podSecurity({ namespace: find.namespace, pods: (namespace) => find.list(pods, namespace) }),
    priorityAdmission({ all: () => find.list(priorityClasses), byName: (name) => find.object(priorityClasses, "", name) }),
    defaultTolerationSeconds,
    defaultStorageClass(() => find.list(storageClasses)),
    storageObjectInUseProtection,
    persistentVolumeClaimResize(storageClassNamed),
    runtimeClassAdmission((name) => find.object(runtimeClasses, "", name)),
    certificateApproval(authorizer),
    certificateSigning(authorizer),
    certificateSubjectRestriction,
    defaultIngressClass(() => find.list(ingressClasses)),
    podTopologyLabels((name) => find.object(nodes, "", name)),
    mutatingPolicies({ ...expressions, policies: () => find.list(mutatingAdmissionPolicies), bindings: () => find.list(mutatingAdmissionPolicyBindings) }),
    mutatingWebhooks(() => find.list(mutatingWebhookConfigurations), expressions, webhooks),
    validatingPolicies({ ...expressions, policies: () => find.list(validatingAdmissionPolicies), bindings: () => find.list(validatingAdmissionPolicyBindings) }),
    validatingWebhooks(() => find.list(validatingWebhookConfigurations), expressions, webhooks),
    resourceQuotaAdmission({ keys: (namespace) => find.keys(resourceQuotas, namespace), clock }),
  ];
}

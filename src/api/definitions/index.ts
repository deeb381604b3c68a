/** Every kind the API server serves out of the box. A new kind is a file of its own and a line here. */
import type { ResourceDefinition } from "../scheme.ts";
import { configMap } from "./config-map.ts";
import { controllerRevision } from "./controller-revision.ts";
import { deployment } from "./deployment.ts";
import { endpointSlice } from "./endpoint-slice.ts";
import { endpoints } from "./endpoints.ts";
import { event } from "./event.ts";
import { lease } from "./lease.ts";
import { mutatingAdmissionPolicyBinding } from "./mutating-admission-policy-binding.ts";
import { mutatingAdmissionPolicy } from "./mutating-admission-policy.ts";
import { mutatingWebhookConfiguration } from "./mutating-webhook-configuration.ts";
import { namespace } from "./namespace.ts";
import { node } from "./node.ts";
import { persistentVolumeClaim } from "./persistent-volume-claim.ts";
import { persistentVolume } from "./persistent-volume.ts";
import { pod } from "./pod.ts";
import { replicaSet } from "./replica-set.ts";
import { secret } from "./secret.ts";
import { serviceAccount } from "./service-account.ts";
import { service } from "./service.ts";
import { statefulSet } from "./stateful-set.ts";
import { storageClass } from "./storage-class.ts";
import { validatingAdmissionPolicyBinding } from "./validating-admission-policy-binding.ts";
import { validatingAdmissionPolicy } from "./validating-admission-policy.ts";
import { validatingWebhookConfiguration } from "./validating-webhook-configuration.ts";

/** The groups in the order in which upstream's API server lists them: clients prefer the first that has a name. */
export const definitions: ResourceDefinition[] = [
  configMap,
  endpoints,
  event,
  namespace,
  node,
  persistentVolumeClaim,
  persistentVolume,
  pod,
  secret,
  serviceAccount,
  service,
  controllerRevision,
  deployment,
  replicaSet,
  statefulSet,
  storageClass,
  mutatingAdmissionPolicyBinding,
  mutatingAdmissionPolicy,
  mutatingWebhookConfiguration,
  validatingAdmissionPolicyBinding,
  validatingAdmissionPolicy,
  validatingWebhookConfiguration,
  lease,
  endpointSlice,
];

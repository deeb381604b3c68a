/** Every kind the API server serves out of the box. A new kind is a file of its own and a line here. */
import type { ResourceDefinition } from "../scheme.ts";
import { binding } from "./binding.ts";
import { certificateSigningRequest } from "./certificate-signing-request.ts";
import { clusterRoleBinding } from "./cluster-role-binding.ts";
import { clusterRole } from "./cluster-role.ts";
import { configMap } from "./config-map.ts";
import { controllerRevision } from "./controller-revision.ts";
import { cronJob } from "./cron-job.ts";
import { daemonSet } from "./daemon-set.ts";
import { deployment } from "./deployment.ts";
import { endpointSlice } from "./endpoint-slice.ts";
import { endpoints } from "./endpoints.ts";
import { event } from "./event.ts";
import { horizontalPodAutoscalerV1 } from "./horizontal-pod-autoscaler-v1.ts";
import { horizontalPodAutoscaler } from "./horizontal-pod-autoscaler.ts";
import { job } from "./job.ts";
import { lease } from "./lease.ts";
import { mutatingAdmissionPolicyBinding } from "./mutating-admission-policy-binding.ts";
import { mutatingAdmissionPolicy } from "./mutating-admission-policy.ts";
import { mutatingWebhookConfiguration } from "./mutating-webhook-configuration.ts";
import { namespace } from "./namespace.ts";
import { node } from "./node.ts";
import { persistentVolumeClaim } from "./persistent-volume-claim.ts";
import { persistentVolume } from "./persistent-volume.ts";
import { podDisruptionBudget } from "./pod-disruption-budget.ts";
import { podTemplate } from "./pod-template.ts";
import { pod } from "./pod.ts";
import { priorityClass } from "./priority-class.ts";
import { replicaSet } from "./replica-set.ts";
import { replicationController } from "./replication-controller.ts";
import { runtimeClass } from "./runtime-class.ts";
import { roleBinding } from "./role-binding.ts";
import { role } from "./role.ts";
import { secret } from "./secret.ts";
import { selfSubjectReview } from "./self-subject-review.ts";
import { serviceAccount } from "./service-account.ts";
import { service } from "./service.ts";
import { statefulSet } from "./stateful-set.ts";
import { storageClass } from "./storage-class.ts";
import { localSubjectAccessReview, selfSubjectAccessReview, selfSubjectRulesReview, subjectAccessReview } from "./subject-access-reviews.ts";
import { tokenReview } from "./token-review.ts";
import { validatingAdmissionPolicyBinding } from "./validating-admission-policy-binding.ts";
import { validatingAdmissionPolicy } from "./validating-admission-policy.ts";
import { validatingWebhookConfiguration } from "./validating-webhook-configuration.ts";

/** The groups in the order in which upstream's API server lists them: clients prefer the first that has a name. */
export const definitions: ResourceDefinition[] = [
  binding,
  configMap,
  endpoints,
  event,
  namespace,
  node,
  persistentVolumeClaim,
  persistentVolume,
  pod,
  podTemplate,
  replicationController,
  secret,
  serviceAccount,
  service,
  controllerRevision,
  daemonSet,
  deployment,
  replicaSet,
  statefulSet,
  horizontalPodAutoscaler,
  horizontalPodAutoscalerV1,
  cronJob,
  job,
  podDisruptionBudget,
  storageClass,
  mutatingAdmissionPolicyBinding,
  mutatingAdmissionPolicy,
  mutatingWebhookConfiguration,
  validatingAdmissionPolicyBinding,
  validatingAdmissionPolicy,
  validatingWebhookConfiguration,
  priorityClass,
  lease,
  runtimeClass,
  endpointSlice,
  selfSubjectReview,
  tokenReview,
  localSubjectAccessReview,
  selfSubjectAccessReview,
  selfSubjectRulesReview,
  subjectAccessReview,
  certificateSigningRequest,
  clusterRole,
  clusterRoleBinding,
  role,
  roleBinding,
];

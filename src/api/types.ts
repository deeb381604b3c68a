/**
 * The Kubernetes types as they stand on the wire. They come from @kubernetes/client-node's
 * declarations (a development dependency; nothing of it is loaded at run time), with its two
 * peculiarities undone: dates are strings on the wire, and `_continue` is `continue`.
 */
import type * as k8s from "@kubernetes/client-node";
import type { JsonSchema } from "./structural-schema/json-schema.ts";

type Unescaped<K> = K extends `_${infer Name}` ? Name : K;

type Wire<T> = T extends Date
  ? string
  : T extends (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [K in keyof T as Unescaped<K>]: Wire<T[K]> }
      : T;

export type ObjectMeta = Wire<k8s.V1ObjectMeta>;
export type OwnerReference = Wire<k8s.V1OwnerReference>;

/** What every stored object has. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** An object of a kind: its type metadata and metadata are always there on the wire. */
type Kind<T> = Omit<Wire<T>, "apiVersion" | "kind" | "metadata"> & KubeObject;

/** A kind whose spec is always there. */
type WithSpec<T extends { spec?: unknown }> = Kind<T> & { spec: NonNullable<Wire<T>["spec" & keyof Wire<T>]> };

export interface KubeList<T extends KubeObject = KubeObject> {
  apiVersion: string;
  kind: string;
  metadata: { resourceVersion?: string; continue?: string; remainingItemCount?: number };
  items: T[];
}

export interface WatchEvent<T = KubeObject> {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  object: T;
}

export type Binding = Kind<k8s.V1Binding>;
export type ConfigMap = Kind<k8s.V1ConfigMap>;
export type Endpoints = Kind<k8s.V1Endpoints>;
export type Event = Kind<k8s.CoreV1Event>;
export type Namespace = Kind<k8s.V1Namespace>;
export type Node = Kind<k8s.V1Node>;
export type PersistentVolume = WithSpec<k8s.V1PersistentVolume>;
export type PersistentVolumeClaim = WithSpec<k8s.V1PersistentVolumeClaim>;
export type Pod = WithSpec<k8s.V1Pod>;
export type PodTemplate = Kind<k8s.V1PodTemplate>;
export type ReplicationController = WithSpec<k8s.V1ReplicationController>;
export type Secret = Kind<k8s.V1Secret>;
export type Service = WithSpec<k8s.V1Service>;
export type ServiceAccount = Kind<k8s.V1ServiceAccount>;
export type ControllerRevision = Kind<k8s.V1ControllerRevision>;
export type Deployment = WithSpec<k8s.V1Deployment>;
export type DaemonSet = WithSpec<k8s.V1DaemonSet>;
export type ReplicaSet = WithSpec<k8s.V1ReplicaSet>;
export type StatefulSet = WithSpec<k8s.V1StatefulSet>;
export type Job = WithSpec<k8s.V1Job>;
export type CronJob = WithSpec<k8s.V1CronJob>;
export type HorizontalPodAutoscaler = WithSpec<k8s.V2HorizontalPodAutoscaler>;
export type HorizontalPodAutoscalerV1 = WithSpec<k8s.V1HorizontalPodAutoscaler>;
export type PodDisruptionBudget = WithSpec<k8s.V1PodDisruptionBudget>;
/** The value is always on the wire. */
export type PriorityClass = Kind<k8s.V1PriorityClass> & { value: number };
export type RuntimeClass = Kind<k8s.V1RuntimeClass>;
export type Lease = WithSpec<k8s.V1Lease>;
export type EndpointSlice = Kind<k8s.V1EndpointSlice>;
export type StorageClass = Kind<k8s.V1StorageClass>;
export type MutatingAdmissionPolicy = WithSpec<k8s.V1MutatingAdmissionPolicy>;
export type MutatingAdmissionPolicyBinding = WithSpec<k8s.V1MutatingAdmissionPolicyBinding>;
export type MutatingWebhookConfiguration = Kind<k8s.V1MutatingWebhookConfiguration>;
export type ValidatingAdmissionPolicy = WithSpec<k8s.V1ValidatingAdmissionPolicy>;
export type ValidatingAdmissionPolicyBinding = WithSpec<k8s.V1ValidatingAdmissionPolicyBinding>;
export type ValidatingWebhookConfiguration = Kind<k8s.V1ValidatingWebhookConfiguration>;
export type ClusterRole = Kind<k8s.V1ClusterRole>;
export type ClusterRoleBinding = Kind<k8s.V1ClusterRoleBinding>;
export type Role = Kind<k8s.V1Role>;
export type RoleBinding = Kind<k8s.V1RoleBinding>;
export type CertificateSigningRequest = WithSpec<k8s.V1CertificateSigningRequest>;
export type TokenReview = WithSpec<k8s.V1TokenReview>;
export type SelfSubjectReview = Kind<k8s.V1SelfSubjectReview>;
export type LocalSubjectAccessReview = WithSpec<k8s.V1LocalSubjectAccessReview>;
export type SelfSubjectAccessReview = WithSpec<k8s.V1SelfSubjectAccessReview>;
export type SelfSubjectRulesReview = WithSpec<k8s.V1SelfSubjectRulesReview>;
export type SubjectAccessReview = WithSpec<k8s.V1SubjectAccessReview>;
export type ComponentStatus = Kind<k8s.V1ComponentStatus>;
export type LimitRange = WithSpec<k8s.V1LimitRange>;
export type ResourceQuota = WithSpec<k8s.V1ResourceQuota>;
export type IPAddress = WithSpec<k8s.V1IPAddress>;
export type Ingress = WithSpec<k8s.V1Ingress>;
export type IngressClass = WithSpec<k8s.V1IngressClass>;
export type NetworkPolicy = WithSpec<k8s.V1NetworkPolicy>;
export type ServiceCIDR = WithSpec<k8s.V1ServiceCIDR>;
export type CSIDriver = WithSpec<k8s.V1CSIDriver>;
export type CSINode = WithSpec<k8s.V1CSINode>;
export type CSIStorageCapacity = Kind<k8s.V1CSIStorageCapacity>;
export type VolumeAttachment = WithSpec<k8s.V1VolumeAttachment>;
export type VolumeAttributesClass = Kind<k8s.V1VolumeAttributesClass>;
/** The same objects as {@link Event}, under the names of events.k8s.io. */
export type EventsEvent = Kind<k8s.EventsV1Event>;
export type FlowSchema = WithSpec<k8s.V1FlowSchema>;
export type PriorityLevelConfiguration = WithSpec<k8s.V1PriorityLevelConfiguration>;
export type APIService = WithSpec<k8s.V1APIService>;
export type Scale = Kind<k8s.V1Scale>;
export type Eviction = Kind<k8s.V1Eviction>;
export type TokenRequest = WithSpec<k8s.AuthenticationV1TokenRequest>;
export type DeleteOptions = Wire<k8s.V1DeleteOptions>;
export type Status = Wire<k8s.V1Status>;

export type JobSpec = Wire<k8s.V1JobSpec>;
export type PodSpec = Wire<k8s.V1PodSpec>;
export type PodStatus = Wire<k8s.V1PodStatus>;
export type PodCondition = Wire<k8s.V1PodCondition>;
export type PodTemplateSpec = Wire<k8s.V1PodTemplateSpec>;
export type Container = Wire<k8s.V1Container>;
export type ContainerStatus = Wire<k8s.V1ContainerStatus>;
export type ContainerState = Wire<k8s.V1ContainerState>;
export type ContainerPort = Wire<k8s.V1ContainerPort>;
export type EnvVar = Wire<k8s.V1EnvVar>;
export type Lifecycle = Wire<k8s.V1Lifecycle>;
export type LifecycleHandler = Wire<k8s.V1LifecycleHandler>;
export type Probe = Wire<k8s.V1Probe>;
export type Volume = Wire<k8s.V1Volume>;
export type VolumeMount = Wire<k8s.V1VolumeMount>;
export type Taint = Wire<k8s.V1Taint>;
export type Toleration = Wire<k8s.V1Toleration>;
export type Affinity = Wire<k8s.V1Affinity>;
export type NodeSelectorTerm = Wire<k8s.V1NodeSelectorTerm>;
export type NodeCondition = Wire<k8s.V1NodeCondition>;
export type LabelSelector = Wire<k8s.V1LabelSelector>;
export type ServicePort = Wire<k8s.V1ServicePort>;
export type Endpoint = Wire<k8s.V1Endpoint>;
export type EndpointPort = Wire<k8s.DiscoveryV1EndpointPort>;
export type DeploymentCondition = Wire<k8s.V1DeploymentCondition>;
export type ObjectReference = Wire<k8s.V1ObjectReference>;
export type IntOrString = number | string;

export type Condition = Wire<k8s.V1Condition>;
export type LimitRangeItem = Wire<k8s.V1LimitRangeItem>;
export type MatchCondition = Wire<k8s.V1MatchCondition>;
export type MatchResources = Wire<k8s.V1MatchResources>;
export type MutatingWebhook = Wire<k8s.V1MutatingWebhook>;
export type NamedRuleWithOperations = Wire<k8s.V1NamedRuleWithOperations>;
export type ParamKind = Wire<k8s.V1ParamKind>;
export type ParamRef = Wire<k8s.V1ParamRef>;
export type PolicyRule = Wire<k8s.V1PolicyRule>;
export type PolicyVariable = Wire<k8s.V1Variable>;
export type RbacSubject = Wire<k8s.RbacV1Subject>;
export type ResourceAttributes = Wire<k8s.V1ResourceAttributes>;
export type RoleRef = Wire<k8s.V1RoleRef>;
export type RuleWithOperations = Wire<k8s.V1RuleWithOperations>;
export type ValidatingWebhook = Wire<k8s.V1ValidatingWebhook>;

export type CustomResourceDefinitionVersion = Omit<Wire<k8s.V1CustomResourceDefinitionVersion>, "schema"> & { schema?: { openAPIV3Schema?: JsonSchema } };
export type CustomResourceDefinitionSpec = Omit<Wire<k8s.V1CustomResourceDefinitionSpec>, "versions"> & { versions: CustomResourceDefinitionVersion[] };
export type CustomResourceDefinitionNames = Wire<k8s.V1CustomResourceDefinitionNames>;
export type CustomResourceDefinitionStatus = Wire<k8s.V1CustomResourceDefinitionStatus>;
export type CustomResourceDefinitionCondition = Wire<k8s.V1CustomResourceDefinitionCondition>;
export type CustomResourceColumnDefinition = Wire<k8s.V1CustomResourceColumnDefinition>;
export type CustomResourceSubresources = Wire<k8s.V1CustomResourceSubresources>;
export type CustomResourceDefinition = Omit<Kind<k8s.V1CustomResourceDefinition>, "spec" | "status"> & {
  spec: CustomResourceDefinitionSpec;
  status?: CustomResourceDefinitionStatus;
};

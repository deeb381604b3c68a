/**
 * The built-in resources' names: where each kind lives in the API. Clients and controllers address
 * resources by these; what the API server does with a kind is in its definition (`definitions/`).
 */
import type * as t from "./types.ts";

/** A resource's coordinates, tied to the type of its objects. */
export interface Resource<T extends t.KubeObject = t.KubeObject> {
  group: string;
  version: string;
  kind: string;
  plural: string;
  namespaced: boolean;
  /** Only for type inference; never set. */
  readonly _type?: T;
}

function core<T extends t.KubeObject>(kind: string, plural: string, namespaced = true): Resource<T> {
  return { group: "", version: "v1", kind, plural, namespaced };
}

function grouped<T extends t.KubeObject>(group: string, kind: string, plural: string, namespaced = true): Resource<T> {
  return { group, version: "v1", kind, plural, namespaced };
}

export const bindings = core<t.Binding>("Binding", "bindings");
export const configMaps = core<t.ConfigMap>("ConfigMap", "configmaps");
export const componentStatuses = core<t.ComponentStatus>("ComponentStatus", "componentstatuses", false);
export const endpoints = core<t.Endpoints>("Endpoints", "endpoints");
export const events = core<t.Event>("Event", "events");
export const limitRanges = core<t.LimitRange>("LimitRange", "limitranges");
export const namespaces = core<t.Namespace>("Namespace", "namespaces", false);
export const nodes = core<t.Node>("Node", "nodes", false);
export const persistentVolumes = core<t.PersistentVolume>("PersistentVolume", "persistentvolumes", false);
export const persistentVolumeClaims = core<t.PersistentVolumeClaim>("PersistentVolumeClaim", "persistentvolumeclaims");
export const podTemplates = core<t.PodTemplate>("PodTemplate", "podtemplates");
export const pods = core<t.Pod>("Pod", "pods");
export const resourceQuotas = core<t.ResourceQuota>("ResourceQuota", "resourcequotas");
export const replicationControllers = core<t.ReplicationController>("ReplicationController", "replicationcontrollers");
export const secrets = core<t.Secret>("Secret", "secrets");
export const services = core<t.Service>("Service", "services");
export const serviceAccounts = core<t.ServiceAccount>("ServiceAccount", "serviceaccounts");

export const controllerRevisions = grouped<t.ControllerRevision>("apps", "ControllerRevision", "controllerrevisions");
export const daemonSets = grouped<t.DaemonSet>("apps", "DaemonSet", "daemonsets");
export const deployments = grouped<t.Deployment>("apps", "Deployment", "deployments");
export const replicaSets = grouped<t.ReplicaSet>("apps", "ReplicaSet", "replicasets");
export const statefulSets = grouped<t.StatefulSet>("apps", "StatefulSet", "statefulsets");

export const horizontalPodAutoscalers: Resource<t.HorizontalPodAutoscaler> = {
  ...grouped("autoscaling", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
  version: "v2",
};
export const horizontalPodAutoscalersV1 = grouped<t.HorizontalPodAutoscalerV1>("autoscaling", "HorizontalPodAutoscaler", "horizontalpodautoscalers");

export const cronJobs = grouped<t.CronJob>("batch", "CronJob", "cronjobs");
export const jobs = grouped<t.Job>("batch", "Job", "jobs");

export const runtimeClasses = grouped<t.RuntimeClass>("node.k8s.io", "RuntimeClass", "runtimeclasses", false);
export const podDisruptionBudgets = grouped<t.PodDisruptionBudget>("policy", "PodDisruptionBudget", "poddisruptionbudgets");
export const priorityClasses = grouped<t.PriorityClass>("scheduling.k8s.io", "PriorityClass", "priorityclasses", false);

export const leases = grouped<t.Lease>("coordination.k8s.io", "Lease", "leases");
export const endpointSlices = grouped<t.EndpointSlice>("discovery.k8s.io", "EndpointSlice", "endpointslices");
export const storageClasses = grouped<t.StorageClass>("storage.k8s.io", "StorageClass", "storageclasses", false);

const STORAGE = "storage.k8s.io";
export const csiDrivers = grouped<t.CSIDriver>(STORAGE, "CSIDriver", "csidrivers", false);
export const csiNodes = grouped<t.CSINode>(STORAGE, "CSINode", "csinodes", false);
export const csiStorageCapacities = grouped<t.CSIStorageCapacity>(STORAGE, "CSIStorageCapacity", "csistoragecapacities");
export const volumeAttachments = grouped<t.VolumeAttachment>(STORAGE, "VolumeAttachment", "volumeattachments", false);
export const volumeAttributesClasses = grouped<t.VolumeAttributesClass>(STORAGE, "VolumeAttributesClass", "volumeattributesclasses", false);

const NETWORKING = "networking.k8s.io";
export const ingresses = grouped<t.Ingress>(NETWORKING, "Ingress", "ingresses");
export const ingressClasses = grouped<t.IngressClass>(NETWORKING, "IngressClass", "ingressclasses", false);
export const ipAddresses = grouped<t.IPAddress>(NETWORKING, "IPAddress", "ipaddresses", false);
export const networkPolicies = grouped<t.NetworkPolicy>(NETWORKING, "NetworkPolicy", "networkpolicies");
export const serviceCIDRs = grouped<t.ServiceCIDR>(NETWORKING, "ServiceCIDR", "servicecidrs", false);

export const eventsEvents = grouped<t.EventsEvent>("events.k8s.io", "Event", "events");
export const flowSchemas = grouped<t.FlowSchema>("flowcontrol.apiserver.k8s.io", "FlowSchema", "flowschemas", false);
export const priorityLevelConfigurations = grouped<t.PriorityLevelConfiguration>("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", "prioritylevelconfigurations", false);
export const apiServices = grouped<t.APIService>("apiregistration.k8s.io", "APIService", "apiservices", false);

export const customResourceDefinitions = grouped<t.CustomResourceDefinition>("apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", false);

const ADMISSION = "admissionregistration.k8s.io";
export const mutatingAdmissionPolicies = grouped<t.MutatingAdmissionPolicy>(ADMISSION, "MutatingAdmissionPolicy", "mutatingadmissionpolicies", false);
export const mutatingAdmissionPolicyBindings = grouped<t.MutatingAdmissionPolicyBinding>(ADMISSION, "MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings", false);
export const mutatingWebhookConfigurations = grouped<t.MutatingWebhookConfiguration>(ADMISSION, "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", false);
export const validatingAdmissionPolicies = grouped<t.ValidatingAdmissionPolicy>(ADMISSION, "ValidatingAdmissionPolicy", "validatingadmissionpolicies", false);
export const validatingAdmissionPolicyBindings = grouped<t.ValidatingAdmissionPolicyBinding>(ADMISSION, "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", false);
export const validatingWebhookConfigurations = grouped<t.ValidatingWebhookConfiguration>(ADMISSION, "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", false);

const RBAC = "rbac.authorization.k8s.io";
export const clusterRoles = grouped<t.ClusterRole>(RBAC, "ClusterRole", "clusterroles", false);
export const clusterRoleBindings = grouped<t.ClusterRoleBinding>(RBAC, "ClusterRoleBinding", "clusterrolebindings", false);
export const roles = grouped<t.Role>(RBAC, "Role", "roles");
export const roleBindings = grouped<t.RoleBinding>(RBAC, "RoleBinding", "rolebindings");

export const certificateSigningRequests = grouped<t.CertificateSigningRequest>("certificates.k8s.io", "CertificateSigningRequest", "certificatesigningrequests", false);

// Questions: created, answered, and never stored.
export const selfSubjectReviews = grouped<t.SelfSubjectReview>("authentication.k8s.io", "SelfSubjectReview", "selfsubjectreviews", false);
export const tokenReviews = grouped<t.TokenReview>("authentication.k8s.io", "TokenReview", "tokenreviews", false);
export const localSubjectAccessReviews = grouped<t.LocalSubjectAccessReview>("authorization.k8s.io", "LocalSubjectAccessReview", "localsubjectaccessreviews");
export const selfSubjectAccessReviews = grouped<t.SelfSubjectAccessReview>("authorization.k8s.io", "SelfSubjectAccessReview", "selfsubjectaccessreviews", false);
export const selfSubjectRulesReviews = grouped<t.SelfSubjectRulesReview>("authorization.k8s.io", "SelfSubjectRulesReview", "selfsubjectrulesreviews", false);
export const subjectAccessReviews = grouped<t.SubjectAccessReview>("authorization.k8s.io", "SubjectAccessReview", "subjectaccessreviews", false);

/** `v1` or `apps/v1`. */
export function apiVersionOf(resource: Pick<Resource, "group" | "version">): string {
  return resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}

/** The resource's path in the API: `/api/v1/namespaces/shop/pods/web-1/log`. */
export function resourcePath(resource: Resource, namespace?: string, name?: string, subresource?: string): string {
  const base = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  const item = name ? `/${encodeURIComponent(name)}` : "";
  return `${base}${scope}/${resource.plural}${item}${subresource ? `/${subresource}` : ""}`;
}

/** `namespace/name`, or the name alone for cluster-scoped objects: the key of work queues and informers. */
export function keyOf(object: t.KubeObject): string {
  const { namespace, name } = object.metadata;
  return namespace ? `${namespace}/${name}` : name!;
}

/** The owner reference that marks `owner` as the managing controller. */
export function controllerReference(owner: t.KubeObject): t.OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name!,
    uid: owner.metadata.uid!,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** The object's managing controller, if it has one. */
export function controllerOf(object: t.KubeObject): t.OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller);
}

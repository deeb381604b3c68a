/**
 * The names of types: the client library calls them by JavaScript class (`V1Pod`), the OpenAPI documents
 * by Go package (`io.k8s.api.core.v1.Pod`).
 */
const META = "io.k8s.apimachinery.pkg.apis.meta";

/** Scalars with a name of their own; the client library has only their JavaScript types. */
export const QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity";
export const INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
export const RAW_EXTENSION = "io.k8s.apimachinery.pkg.runtime.RawExtension";
export const LABEL_SELECTOR = `${META}.v1.LabelSelector`;
export const TIME = `${META}.v1.Time`;
export const MICRO_TIME = `${META}.v1.MicroTime`;
export const FIELDS_V1 = `${META}.v1.FieldsV1`;

/** Which package a type belongs to, by its name; whatever none claims is `core`. */
const PACKAGES: [name: RegExp, packageName: string][] = [
  [
    /^(ObjectMeta|ListMeta|OwnerReference|ManagedFieldsEntry|(Label|Field)Selector(Requirement|Attributes)?|Status(Details|Cause)?|DeleteOptions|Preconditions|Condition|WatchEvent|API(Group|Resource|Versions)(List)?|GroupVersionForDiscovery|ServerAddressByClientCIDR)$/,
    META,
  ],
  [/^(Deployment|ReplicaSet|StatefulSet|DaemonSet|ControllerRevision|RollingUpdate)/, "io.k8s.api.apps"],
  [/^Lease/, "io.k8s.api.coordination"],
  [/^(EndpointSlice|Endpoint(Conditions|Hints)?$|For(Zone|Node)$)/, "io.k8s.api.discovery"],
  [/^(StorageClass|CSI(Driver|Node|StorageCapacity)|VolumeAttachment|VolumeError|VolumeNodeResources)/, "io.k8s.api.storage"],
  [/^(Eviction$|PodDisruptionBudget)/, "io.k8s.api.policy"],
  [/^(Scale(Spec|Status)?$|CrossVersionObjectReference$|HorizontalPodAutoscaler)/, "io.k8s.api.autoscaling"],
  [/^(TokenRequest|TokenReview|BoundObjectReference$|UserInfo$|SelfSubjectReview)/, "io.k8s.api.authentication"],
  [/^(LocalSubjectAccessReview|SelfSubject(Access|Rules)Review|SubjectAccessReview|SubjectRulesReview|ResourceAttributes|NonResourceAttributes)/, "io.k8s.api.authorization"],
  [/^(Cron)?Job(Condition|List|Spec|Status|TemplateSpec)?$|^(PodFailurePolicy|SuccessPolicy|UncountedTerminatedPods)/, "io.k8s.api.batch"],
  [/^((Cluster)?Role|(Cluster)?RoleBinding|RoleRef|PolicyRule|AggregationRule)(List)?$/, "io.k8s.api.rbac"],
  [/^(Ingress|NetworkPolicy|IPBlock|HTTPIngress|ServiceBackendPort|ServiceCIDR|IPAddress|ParentReference)/, "io.k8s.api.networking"],
  [/^PriorityClass/, "io.k8s.api.scheduling"],
];

/** Prefixes that the client library adds where two groups have a type of the same name. */
const PREFIXED: Record<string, string> = {
  Core: "io.k8s.api.core",
  Discovery: "io.k8s.api.discovery",
  Authentication: "io.k8s.api.authentication",
  Events: "io.k8s.api.events",
  Rbac: "io.k8s.api.rbac",
  Storage: "io.k8s.api.storage",
};

/** `V1Pod` -> `io.k8s.api.core.v1.Pod`; undefined when the name isn't a versioned type. */
export function modelOfClass(className: string): string | undefined {
  const parsed = /^([A-Z][a-z]+)??(V\d+(?:(?:alpha|beta)\d+)?)([A-Z].*)$/.exec(className);
  if (!parsed) return undefined;
  const [, prefix, version, name] = parsed;
  const packageName = prefix ? PREFIXED[prefix] : (PACKAGES.find(([names]) => names.test(name!))?.[1] ?? "io.k8s.api.core");
  return packageName && `${packageName}.${version!.toLowerCase()}.${name}`;
}

/** `Pod` of `io.k8s.api.core.v1.Pod`. */
export function shortName(model: string): string {
  return model.slice(model.lastIndexOf(".") + 1);
}

/**
 * What Kubernetes' types say beyond their shape, and the client library leaves out: how lists merge,
 * which strings are quantities, which values an enumeration has, and the schema's own defaults.
 * Fields are named `Type.field`, or `group.Type.field` where several groups have the type. The generator
 * refuses an entry that names no field.
 * @see https://github.com/kubernetes/api/blob/master/core/v1/types.go (struct tags and `+listType` markers)
 */

/** Lists that are maps by key, merged by strategic merge patch on the first key. Lists called `conditions` are keyed by `type`. */
export const LIST_MAPS: Record<string, string> = {
  "Container.env": "name",
  "Container.ports": "containerPort,protocol",
  "Container.volumeDevices": "devicePath",
  "Container.volumeMounts": "mountPath",
  "ContainerStatus.allocatedResourcesStatus": "name",
  "ContainerStatus.volumeMounts": "mountPath",
  "EphemeralContainer.env": "name",
  "EphemeralContainer.ports": "containerPort,protocol",
  "EphemeralContainer.volumeDevices": "devicePath",
  "EphemeralContainer.volumeMounts": "mountPath",
  "NodeStatus.addresses": "type",
  "ObjectMeta.ownerReferences": "uid",
  "PodSpec.containers": "name",
  "PodSpec.ephemeralContainers": "name",
  "PodSpec.hostAliases": "ip",
  "PodSpec.imagePullSecrets": "name",
  "PodSpec.initContainers": "name",
  "PodSpec.resourceClaims": "name",
  "PodSpec.schedulingGates": "name",
  "PodSpec.topologySpreadConstraints": "topologyKey,whenUnsatisfiable",
  "PodSpec.volumes": "name",
  "PodStatus.podIPs": "ip",
  "PodStatus.resourceClaimStatuses": "name",
  "ResourceRequirements.claims": "name",
  "ResourceStatus.resources": "resourceID",
  "ServiceAccount.secrets": "name",
  "ServiceSpec.ports": "port,protocol",
};

/** Keyed lists that strategic merge patch nevertheless replaces. */
export const UNMERGED: string[] = ["ResourceRequirements.claims", "ResourceStatus.resources"];

/** Lists that strategic merge patch merges by key though they are atomic for server-side apply. */
export const MERGED_ATOMIC: Record<string, string> = { "PodStatus.hostIPs": "ip" };

/** Lists that are sets; `true` where strategic merge patch merges them. Every list named nowhere here is atomic. */
export const SETS: Record<string, boolean> = {
  "ContainerRestartRuleOnExitCodes.values": false,
  "Endpoint.addresses": false,
  "NodeSpec.podCIDRs": true,
  "ObjectMeta.finalizers": true,
};

/** Fields whose strategic merge patch names the keys to keep (`$retainKeys`). */
export const RETAIN_KEYS: string[] = [
  "DeploymentSpec.strategy",
  "PodSpec.resourceClaims",
  "PodSpec.volumes",
  "PodStatus.resourceClaimStatuses",
];

/** Maps that server-side apply owns as a whole. */
export const ATOMIC_MAPS: string[] = ["PodSpec.nodeSelector", "ServiceSpec.selector"];

/** Types that server-side apply owns as a whole. */
export const ATOMIC_TYPES: string[] = [
  "ConfigMapKeySelector",
  "EndpointAddress",
  "core.EndpointPort",
  "discovery.EndpointPort",
  "FileKeySelector",
  "LabelSelector",
  "LocalObjectReference",
  "NodeSelector",
  "NodeSelectorTerm",
  "ObjectFieldSelector",
  "ObjectReference",
  "OwnerReference",
  "ResourceFieldSelector",
  "SecretKeySelector",
  "SecretReference",
  "TopologySelectorTerm",
  "TypedLocalObjectReference",
];

/** Quantities, and maps and lists of them. */
export const QUANTITIES: string[] = [
  "ContainerStatus.allocatedResources",
  "EmptyDirVolumeSource.sizeLimit",
  "NodeStatus.allocatable",
  "NodeStatus.capacity",
  "PersistentVolumeClaimStatus.allocatedResources",
  "PersistentVolumeClaimStatus.capacity",
  "PersistentVolumeSpec.capacity",
  "PodSpec.overhead",
  "PodStatus.allocatedResources",
  "ResourceFieldSelector.divisor",
  "ResourceRequirements.limits",
  "ResourceRequirements.requests",
  "VolumeResourceRequirements.limits",
  "VolumeResourceRequirements.requests",
];

/** The schema's defaults (those of the API machinery are in the definitions' `setDefaults`). */
export const DEFAULTS: Record<string, unknown> = {
  "AzureDiskVolumeSource.cachingMode": "ReadWrite",
  "AzureDiskVolumeSource.fsType": "ext4",
  "AzureDiskVolumeSource.kind": "Shared",
  "AzureDiskVolumeSource.readOnly": false,
  "ContainerPort.protocol": "TCP",
  "FileKeySelector.optional": false,
  "GRPCAction.service": "",
  "ISCSIPersistentVolumeSource.iscsiInterface": "default",
  "ISCSIVolumeSource.iscsiInterface": "default",
  "LocalObjectReference.name": "",
  "RBDPersistentVolumeSource.keyring": "/etc/ceph/keyring",
  "RBDPersistentVolumeSource.pool": "rbd",
  "RBDPersistentVolumeSource.user": "admin",
  "RBDVolumeSource.keyring": "/etc/ceph/keyring",
  "RBDVolumeSource.pool": "rbd",
  "RBDVolumeSource.user": "admin",
  "ScaleIOPersistentVolumeSource.fsType": "xfs",
  "ScaleIOPersistentVolumeSource.storageMode": "ThinProvisioned",
  "ScaleIOVolumeSource.fsType": "xfs",
  "ScaleIOVolumeSource.storageMode": "ThinProvisioned",
  "ServicePort.protocol": "TCP",
};

/** Go's named string types with a closed set of values. */
export const ENUMS: Record<string, string[]> = {
  DNSPolicy: ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
  DeploymentStrategyType: ["Recreate", "RollingUpdate"],
  AddressType: ["FQDN", "IPv4", "IPv6"],
  HostPathType: ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"],
  IPFamily: ["", "IPv4", "IPv6"],
  IPFamilyPolicy: ["PreferDualStack", "RequireDualStack", "SingleStack"],
  MountPropagationMode: ["Bidirectional", "HostToContainer", "None"],
  NamespacePhase: ["Active", "Terminating"],
  NodeInclusionPolicy: ["Honor", "Ignore"],
  NodeSelectorOperator: ["DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"],
  PersistentVolumeAccessMode: ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"],
  PersistentVolumeClaimPhase: ["Bound", "Lost", "Pending"],
  PersistentVolumeMode: ["Block", "Filesystem"],
  PersistentVolumePhase: ["Available", "Bound", "Failed", "Pending", "Released"],
  PersistentVolumeReclaimPolicy: ["Delete", "Recycle", "Retain"],
  PodFSGroupChangePolicy: ["Always", "OnRootMismatch"],
  PodManagementPolicyType: ["OrderedReady", "Parallel"],
  PodPhase: ["Failed", "Pending", "Running", "Succeeded", "Unknown"],
  PodQOSClass: ["BestEffort", "Burstable", "Guaranteed"],
  PreemptionPolicy: ["Never", "PreemptLowerPriority"],
  ProcMountType: ["Default", "Unmasked"],
  Protocol: ["SCTP", "TCP", "UDP"],
  PullPolicy: ["Always", "IfNotPresent", "Never"],
  RestartPolicy: ["Always", "Never", "OnFailure"],
  SeccompProfileType: ["Localhost", "RuntimeDefault", "Unconfined"],
  AppArmorProfileType: ["Localhost", "RuntimeDefault", "Unconfined"],
  ServiceAffinity: ["ClientIP", "None"],
  ServiceExternalTrafficPolicy: ["Cluster", "Local"],
  ServiceInternalTrafficPolicy: ["Cluster", "Local"],
  ServiceType: ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"],
  StatefulSetUpdateStrategyType: ["OnDelete", "RollingUpdate"],
  SupplementalGroupsPolicy: ["Merge", "Strict"],
  TaintEffect: ["NoExecute", "NoSchedule", "PreferNoSchedule"],
  TerminationMessagePolicy: ["FallbackToLogsOnError", "File"],
  TolerationOperator: ["Equal", "Exists", "Gt", "Lt"],
  URIScheme: ["HTTP", "HTTPS"],
  UnsatisfiableConstraintAction: ["DoNotSchedule", "ScheduleAnyway"],
  VolumeBindingMode: ["Immediate", "WaitForFirstConsumer"],
};

/** The fields of those types. */
export const ENUM_FIELDS: Record<string, keyof typeof ENUMS> = {
  "AppArmorProfile.type": "AppArmorProfileType",
  "Container.imagePullPolicy": "PullPolicy",
  "Container.terminationMessagePolicy": "TerminationMessagePolicy",
  "ContainerPort.protocol": "Protocol",
  "DeploymentStrategy.type": "DeploymentStrategyType",
  "EndpointSlice.addressType": "AddressType",
  "EphemeralContainer.imagePullPolicy": "PullPolicy",
  "EphemeralContainer.terminationMessagePolicy": "TerminationMessagePolicy",
  "HTTPGetAction.scheme": "URIScheme",
  "HostPathVolumeSource.type": "HostPathType",
  "ImageVolumeSource.pullPolicy": "PullPolicy",
  "NamespaceStatus.phase": "NamespacePhase",
  "NodeSelectorRequirement.operator": "NodeSelectorOperator",
  "PersistentVolumeClaimSpec.accessModes": "PersistentVolumeAccessMode",
  "PersistentVolumeClaimSpec.volumeMode": "PersistentVolumeMode",
  "PersistentVolumeClaimStatus.accessModes": "PersistentVolumeAccessMode",
  "PersistentVolumeClaimStatus.phase": "PersistentVolumeClaimPhase",
  "PersistentVolumeSpec.accessModes": "PersistentVolumeAccessMode",
  "PersistentVolumeSpec.persistentVolumeReclaimPolicy": "PersistentVolumeReclaimPolicy",
  "PersistentVolumeSpec.volumeMode": "PersistentVolumeMode",
  "PersistentVolumeStatus.phase": "PersistentVolumePhase",
  "PodSecurityContext.fsGroupChangePolicy": "PodFSGroupChangePolicy",
  "PodSecurityContext.supplementalGroupsPolicy": "SupplementalGroupsPolicy",
  "PodSpec.dnsPolicy": "DNSPolicy",
  "PodSpec.preemptionPolicy": "PreemptionPolicy",
  "PodSpec.restartPolicy": "RestartPolicy",
  "PodStatus.phase": "PodPhase",
  "PodStatus.qosClass": "PodQOSClass",
  "PortStatus.protocol": "Protocol",
  "SeccompProfile.type": "SeccompProfileType",
  "SecurityContext.procMount": "ProcMountType",
  "ServicePort.protocol": "Protocol",
  "ServiceSpec.externalTrafficPolicy": "ServiceExternalTrafficPolicy",
  "ServiceSpec.internalTrafficPolicy": "ServiceInternalTrafficPolicy",
  "ServiceSpec.ipFamilies": "IPFamily",
  "ServiceSpec.ipFamilyPolicy": "IPFamilyPolicy",
  "ServiceSpec.sessionAffinity": "ServiceAffinity",
  "ServiceSpec.type": "ServiceType",
  "StatefulSetSpec.podManagementPolicy": "PodManagementPolicyType",
  "StatefulSetUpdateStrategy.type": "StatefulSetUpdateStrategyType",
  "StorageClass.volumeBindingMode": "VolumeBindingMode",
  "Taint.effect": "TaintEffect",
  "Toleration.effect": "TaintEffect",
  "Toleration.operator": "TolerationOperator",
  "TopologySpreadConstraint.nodeAffinityPolicy": "NodeInclusionPolicy",
  "TopologySpreadConstraint.nodeTaintsPolicy": "NodeInclusionPolicy",
  "TopologySpreadConstraint.whenUnsatisfiable": "UnsatisfiableConstraintAction",
  "VolumeMount.mountPropagation": "MountPropagationMode",
};

/** Free-form fields by the type that holds them. */
export const FREE_FORM: Record<string, string> = {
  "ControllerRevision.data": "RawExtension",
  "ManagedFieldsEntry.fieldsV1": "FieldsV1",
  "WatchEvent.object": "RawExtension",
};

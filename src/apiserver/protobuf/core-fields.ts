/** The messages of metadata and of core/v1; {@link FIELDS} tells how they are written. */
const CONTAINER =
  "name image command args workingDir ports env resources volumeMounts livenessProbe readinessProbe lifecycle " +
  "terminationMessagePath imagePullPolicy securityContext stdin stdinOnce tty envFrom terminationMessagePolicy volumeDevices " +
  "startupProbe resizePolicy restartPolicy? restartPolicyRules";

export const CORE_FIELDS: Record<string, string> = {
  // meta/v1
  Condition: "type status observedGeneration lastTransitionTime reason message",
  DeleteOptions:
    "gracePeriodSeconds? preconditions orphanDependents? propagationPolicy? dryRun ignoreStoreReadErrorWithClusterBreakingPotential?",
  FieldSelectorRequirement: "key operator values",
  LabelSelector: "matchLabels matchExpressions",
  LabelSelectorRequirement: "key operator values",
  ManagedFieldsEntry: "manager operation apiVersion time . fieldsType fieldsV1 subresource",
  ObjectMeta:
    "name generateName namespace selfLink uid resourceVersion generation creationTimestamp deletionTimestamp " +
    "deletionGracePeriodSeconds? labels annotations ownerReferences finalizers . . managedFields",
  OwnerReference: "kind . name uid apiVersion controller? blockOwnerDeletion?",
  Preconditions: "uid? resourceVersion?",

  // core/v1
  AttachedVolume: "name devicePath",
  ClientIPConfig: "timeoutSeconds?",
  ComponentCondition: "type status message error",
  ComponentStatus: "metadata conditions",
  ConfigMap: "metadata data binaryData immutable?",
  ConfigMapNodeConfigSource: "namespace name uid resourceVersion kubeletConfigKey",
  ContainerImage: "names sizeBytes",
  DaemonEndpoint: "Port",
  EndpointAddress: "ip targetRef hostname nodeName?",
  "io.k8s.api.core.v1.EndpointPort": "name port protocol appProtocol?",
  EndpointSubset: "addresses notReadyAddresses ports",
  Endpoints: "metadata subsets",
  "io.k8s.api.core.v1.Event":
    "metadata involvedObject reason message source firstTimestamp lastTimestamp count type eventTime series action related " +
    "reportingComponent reportingInstance",
  EventSeries: "count lastObservedTime",
  EventSource: "component host",
  LimitRange: "metadata spec",
  LimitRangeItem: "type max min default defaultRequest maxLimitRequestRatio",
  LimitRangeSpec: "limits",
  LoadBalancerIngress: "ip hostname ipMode? ports",
  LoadBalancerStatus: "ingress",
  Namespace: "metadata spec status",
  NamespaceCondition: "type status . lastTransitionTime reason message",
  NamespaceSpec: "finalizers",
  NamespaceStatus: "phase conditions",
  Node: "metadata spec status",
  NodeAddress: "type address",
  NodeCondition: "type status lastHeartbeatTime lastTransitionTime reason message",
  NodeConfigSource: ". configMap",
  NodeConfigStatus: "assigned active lastKnownGood error",
  NodeDaemonEndpoints: "kubeletEndpoint",
  NodeFeatures: "supplementalGroupsPolicy?",
  NodeRuntimeHandler: "name features",
  NodeRuntimeHandlerFeatures: "recursiveReadOnlyMounts? userNamespaces?",
  NodeSpec: "podCIDR externalID providerID unschedulable taints configSource podCIDRs",
  NodeStatus:
    "capacity allocatable phase conditions addresses daemonEndpoints nodeInfo images volumesInUse volumesAttached config " +
    "runtimeHandlers features declaredFeatures",
  NodeSwapStatus: "capacity?",
  NodeSystemInfo:
    "machineID systemUUID bootID kernelVersion osImage containerRuntimeVersion kubeletVersion kubeProxyVersion operatingSystem " +
    "architecture swap",
  ObjectReference: "kind namespace name uid apiVersion resourceVersion fieldPath",
  PortStatus: "port protocol error?",
  ReplicationController: "metadata spec status",
  ReplicationControllerCondition: "type status lastTransitionTime reason message",
  ReplicationControllerSpec: "replicas? selector template minReadySeconds",
  ReplicationControllerStatus: "replicas fullyLabeledReplicas observedGeneration readyReplicas availableReplicas conditions",
  ResourceQuota: "metadata spec status",
  ResourceQuotaSpec: "hard scopes scopeSelector",
  ResourceQuotaStatus: "hard used",
  ScopeSelector: "matchExpressions",
  ScopedResourceSelectorRequirement: "scopeName operator values",
  Secret: "metadata data type stringData immutable?",
  Service: "metadata spec status",
  ServiceAccount: "metadata secrets imagePullSecrets automountServiceAccountToken?",
  ServicePort: "name protocol port targetPort nodePort appProtocol?",
  ServiceSpec:
    "ports selector clusterIP type externalIPs . sessionAffinity loadBalancerIP loadBalancerSourceRanges externalName " +
    "externalTrafficPolicy healthCheckNodePort publishNotReadyAddresses sessionAffinityConfig . . ipFamilyPolicy? clusterIPs " +
    "ipFamilies allocateLoadBalancerNodePorts? loadBalancerClass? internalTrafficPolicy? trafficDistribution?",
  ServiceStatus: "loadBalancer conditions",
  SessionAffinityConfig: "clientIP",
  Taint: "key value effect timeAdded",

  // core/v1: pods
  Affinity: "nodeAffinity podAffinity podAntiAffinity",
  AppArmorProfile: "type localhostProfile?",
  Binding: "metadata target",
  Capabilities: "add drop",
  ConfigMapEnvSource: "=LocalObjectReference optional?",
  ConfigMapKeySelector: "=LocalObjectReference key optional?",
  Container: CONTAINER,
  ContainerExtendedResourceRequest: "containerName resourceName requestName",
  ContainerPort: "name hostPort containerPort protocol hostIP",
  ContainerResizePolicy: "resourceName restartPolicy",
  ContainerRestartRule: "action exitCodes",
  ContainerRestartRuleOnExitCodes: "operator values",
  ContainerState: "waiting running terminated",
  ContainerStateRunning: "startedAt",
  ContainerStateTerminated: "exitCode signal reason message startedAt finishedAt containerID",
  ContainerStateWaiting: "reason message",
  ContainerStatus:
    "name state lastState ready restartCount image imageID containerID started? allocatedResources resources volumeMounts user " +
    "allocatedResourcesStatus stopSignal?",
  ContainerUser: "linux",
  EnvFromSource: "prefix configMapRef secretRef",
  EnvVar: "name value valueFrom",
  EnvVarSource: "fieldRef resourceFieldRef configMapKeyRef secretKeyRef fileKeyRef",
  EphemeralContainer: "=EphemeralContainerCommon targetContainerName",
  EphemeralContainerCommon: CONTAINER,
  ExecAction: "command",
  FileKeySelector: "volumeName path key optional?",
  GRPCAction: "port service?",
  HTTPGetAction: "path port host scheme httpHeaders",
  HTTPHeader: "name value",
  HostAlias: "ip hostnames",
  HostIP: "ip",
  ImageVolumeStatus: "imageRef",
  Lifecycle: "postStart preStop stopSignal?",
  LifecycleHandler: "exec httpGet tcpSocket sleep",
  LinuxContainerUser: "uid gid supplementalGroups",
  LocalObjectReference: "name",
  NodeAffinity: "requiredDuringSchedulingIgnoredDuringExecution preferredDuringSchedulingIgnoredDuringExecution",
  NodeAllocatableResourceClaimStatus: "resourceClaimName containers resources",
  NodeSelector: "nodeSelectorTerms",
  NodeSelectorRequirement: "key operator values",
  NodeSelectorTerm: "matchExpressions matchFields",
  ObjectFieldSelector: "apiVersion fieldPath",
  Pod: "metadata spec status",
  PodAffinity: "requiredDuringSchedulingIgnoredDuringExecution preferredDuringSchedulingIgnoredDuringExecution",
  PodAffinityTerm: "labelSelector namespaces topologyKey namespaceSelector matchLabelKeys mismatchLabelKeys",
  PodAntiAffinity: "requiredDuringSchedulingIgnoredDuringExecution preferredDuringSchedulingIgnoredDuringExecution",
  PodCondition: "type status lastProbeTime lastTransitionTime reason message observedGeneration",
  PodDNSConfig: "nameservers searches options",
  PodDNSConfigOption: "name value?",
  PodExtendedResourceClaimStatus: "requestMappings resourceClaimName",
  PodIP: "ip",
  PodOS: "name",
  PodReadinessGate: "conditionType",
  PodResourceClaim: "name . resourceClaimName? resourceClaimTemplateName?",
  PodResourceClaimStatus: "name resourceClaimName?",
  PodSchedulingGate: "name",
  PodSchedulingGroup: "podGroupName?",
  PodSecurityContext:
    "seLinuxOptions runAsUser? runAsNonRoot? supplementalGroups fsGroup? runAsGroup? sysctls windowsOptions fsGroupChangePolicy? " +
    "seccompProfile appArmorProfile supplementalGroupsPolicy? seLinuxChangePolicy?",
  PodSpec:
    "volumes containers restartPolicy terminationGracePeriodSeconds? activeDeadlineSeconds? dnsPolicy nodeSelector serviceAccountName " +
    "serviceAccount nodeName hostNetwork hostPID hostIPC securityContext imagePullSecrets hostname subdomain affinity schedulerName " +
    "initContainers automountServiceAccountToken? tolerations hostAliases priorityClassName priority? dnsConfig " +
    "shareProcessNamespace? readinessGates runtimeClassName? enableServiceLinks? preemptionPolicy? overhead topologySpreadConstraints " +
    "ephemeralContainers setHostnameAsFQDN? os hostUsers? schedulingGates resourceClaims resources hostnameOverride? . " +
    "schedulingGroup",
  PodStatus:
    "phase conditions message reason hostIP podIP startTime containerStatuses qosClass initContainerStatuses nominatedNodeName podIPs " +
    "ephemeralContainerStatuses resize resourceClaimStatuses hostIPs observedGeneration extendedResourceClaimStatus " +
    "allocatedResources resources nodeAllocatableResourceClaimStatuses",
  PodTemplate: "metadata template",
  PodTemplateSpec: "metadata spec",
  PreferredSchedulingTerm: "weight preference",
  Probe: "=ProbeHandler initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold terminationGracePeriodSeconds?",
  ProbeHandler: "exec httpGet tcpSocket grpc",
  ResourceClaim: "name request",
  ResourceFieldSelector: "containerName resource divisor",
  ResourceHealth: "resourceID health . . . message?",
  ResourceRequirements: "limits requests claims",
  ResourceStatus: "name resources",
  SELinuxOptions: "user role type level",
  SeccompProfile: "type localhostProfile?",
  SecretEnvSource: "=LocalObjectReference optional?",
  SecretKeySelector: "=LocalObjectReference key optional?",
  SecurityContext:
    "capabilities privileged? seLinuxOptions runAsUser? runAsNonRoot? readOnlyRootFilesystem? allowPrivilegeEscalation? runAsGroup? " +
    "procMount? windowsOptions seccompProfile appArmorProfile",
  SleepAction: "seconds",
  Sysctl: "name value",
  TCPSocketAction: "port host",
  Toleration: "key operator value effect tolerationSeconds?",
  TopologySpreadConstraint:
    "maxSkew topologyKey whenUnsatisfiable labelSelector minDomains? nodeAffinityPolicy? nodeTaintsPolicy? matchLabelKeys",
  VolumeDevice: "name devicePath",
  VolumeMount: "name readOnly mountPath subPath mountPropagation? subPathExpr recursiveReadOnly?",
  VolumeMountStatus: "name mountPath readOnly recursiveReadOnly? volumeStatus",
  VolumeStatus: "image",
  WeightedPodAffinityTerm: "weight podAffinityTerm",
  WindowsSecurityContextOptions: "gmsaCredentialSpecName? gmsaCredentialSpec? runAsUserName? hostProcess?",

  // core/v1: volumes
  AWSElasticBlockStoreVolumeSource: "volumeID fsType partition readOnly",
  AzureDiskVolumeSource: "diskName diskURI cachingMode? fsType? readOnly? kind?",
  AzureFilePersistentVolumeSource: "secretName shareName readOnly secretNamespace?",
  AzureFileVolumeSource: "secretName shareName readOnly",
  CSIPersistentVolumeSource:
    "driver volumeHandle readOnly fsType volumeAttributes controllerPublishSecretRef nodeStageSecretRef nodePublishSecretRef " +
    "controllerExpandSecretRef nodeExpandSecretRef",
  CSIVolumeSource: "driver readOnly? fsType? volumeAttributes nodePublishSecretRef",
  CephFSPersistentVolumeSource: "monitors path user secretFile secretRef readOnly",
  CephFSVolumeSource: "monitors path user secretFile secretRef readOnly",
  CinderPersistentVolumeSource: "volumeID fsType readOnly secretRef",
  CinderVolumeSource: "volumeID fsType readOnly secretRef",
  ClusterTrustBundleProjection: "name? signerName? labelSelector path optional?",
  ConfigMapProjection: "=LocalObjectReference items . optional?",
  ConfigMapVolumeSource: "=LocalObjectReference items defaultMode? optional?",
  DownwardAPIProjection: "items",
  DownwardAPIVolumeFile: "path fieldRef resourceFieldRef mode?",
  DownwardAPIVolumeSource: "items defaultMode?",
  EmptyDirVolumeSource: "medium sizeLimit",
  EphemeralVolumeSource: "volumeClaimTemplate",
  FCVolumeSource: "targetWWNs lun? fsType readOnly wwids",
  FlexPersistentVolumeSource: "driver fsType secretRef readOnly options",
  FlexVolumeSource: "driver fsType secretRef readOnly options",
  FlockerVolumeSource: "datasetName datasetUUID",
  GCEPersistentDiskVolumeSource: "pdName fsType partition readOnly",
  GitRepoVolumeSource: "repository revision directory",
  GlusterfsPersistentVolumeSource: "endpoints path readOnly endpointsNamespace?",
  GlusterfsVolumeSource: "endpoints path readOnly",
  HostPathVolumeSource: "path type?",
  ISCSIPersistentVolumeSource:
    "targetPortal iqn lun iscsiInterface fsType readOnly portals chapAuthDiscovery . secretRef chapAuthSession initiatorName?",
  ISCSIVolumeSource:
    "targetPortal iqn lun iscsiInterface fsType readOnly portals chapAuthDiscovery . secretRef chapAuthSession initiatorName?",
  ImageVolumeSource: "reference pullPolicy",
  KeyToPath: "key path mode?",
  LocalVolumeSource: "path fsType?",
  ModifyVolumeStatus: "targetVolumeAttributesClassName status",
  NFSVolumeSource: "server path readOnly",
  PersistentVolume: "metadata spec status",
  PersistentVolumeClaim: "metadata spec status",
  PersistentVolumeClaimCondition: "type status lastProbeTime lastTransitionTime reason message",
  PersistentVolumeClaimSpec:
    "accessModes resources volumeName selector storageClassName? volumeMode? dataSource dataSourceRef volumeAttributesClassName?",
  PersistentVolumeClaimStatus:
    "phase accessModes capacity conditions allocatedResources . allocatedResourceStatuses currentVolumeAttributesClassName? " +
    "modifyVolumeStatus",
  PersistentVolumeClaimTemplate: "metadata spec",
  PersistentVolumeClaimVolumeSource: "claimName readOnly",
  PersistentVolumeSource:
    "gcePersistentDisk awsElasticBlockStore hostPath glusterfs nfs rbd iscsi cinder cephfs fc flocker flexVolume azureFile " +
    "vsphereVolume quobyte azureDisk photonPersistentDisk portworxVolume scaleIO local storageos csi",
  PersistentVolumeSpec:
    "capacity =PersistentVolumeSource accessModes claimRef persistentVolumeReclaimPolicy storageClassName mountOptions volumeMode? " +
    "nodeAffinity volumeAttributesClassName?",
  PersistentVolumeStatus: "phase message reason lastPhaseTransitionTime",
  PhotonPersistentDiskVolumeSource: "pdID fsType",
  PodCertificateProjection: "signerName keyType maxExpirationSeconds? credentialBundlePath keyPath certificateChainPath userAnnotations",
  PortworxVolumeSource: "volumeID fsType readOnly",
  ProjectedVolumeSource: "sources defaultMode?",
  QuobyteVolumeSource: "registry volume readOnly user group tenant",
  RBDPersistentVolumeSource: "monitors image fsType pool user keyring secretRef readOnly",
  RBDVolumeSource: "monitors image fsType pool user keyring secretRef readOnly",
  ScaleIOPersistentVolumeSource: "gateway system secretRef sslEnabled protectionDomain storagePool storageMode volumeName fsType readOnly",
  ScaleIOVolumeSource: "gateway system secretRef sslEnabled protectionDomain storagePool storageMode volumeName fsType readOnly",
  SecretProjection: "=LocalObjectReference items . optional?",
  SecretReference: "name namespace",
  SecretVolumeSource: "secretName items defaultMode? optional?",
  ServiceAccountTokenProjection: "audience expirationSeconds? path",
  StorageOSPersistentVolumeSource: "volumeName volumeNamespace fsType readOnly secretRef",
  StorageOSVolumeSource: "volumeName volumeNamespace fsType readOnly secretRef",
  TopologySelectorLabelRequirement: "key values",
  TopologySelectorTerm: "matchLabelExpressions",
  TypedLocalObjectReference: "apiGroup? kind name",
  TypedObjectReference: "apiGroup? kind name namespace?",
  Volume: "name =VolumeSource",
  VolumeNodeAffinity: "required",
  VolumeProjection: "secret downwardAPI configMap serviceAccountToken clusterTrustBundle podCertificate",
  VolumeResourceRequirements: "limits requests",
  VolumeSource:
    "hostPath emptyDir gcePersistentDisk awsElasticBlockStore gitRepo secret nfs iscsi glusterfs persistentVolumeClaim rbd flexVolume " +
    "cinder cephfs flocker downwardAPI fc azureFile configMap vsphereVolume quobyte azureDisk photonPersistentDisk portworxVolume " +
    "scaleIO projected storageos csi ephemeral image",
  VsphereVirtualDiskVolumeSource: "volumePath fsType storagePolicyName storagePolicyID",
};

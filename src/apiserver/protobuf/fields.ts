/**
 * The numbers of fields in Kubernetes' protocol buffer messages: part of the wire protocol, as the names
 * are of the JSON one. Names stand in the order of their numbers. `.` is a number not used here; `name?`
 * is a field whose zero value says something (a pointer in Go); `=Type` is a message of its own on the
 * wire whose fields JSON has in place. Messages and fields that are missing here are refused by name.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 */
const KEY_SELECTOR = "=LocalObjectReference key optional?";
const OPTIONAL_REFERENCE = "=LocalObjectReference optional?";
const CONTAINER =
  "name image command args workingDir ports env resources volumeMounts livenessProbe readinessProbe lifecycle " +
  "terminationMessagePath imagePullPolicy securityContext stdin stdinOnce tty envFrom terminationMessagePolicy volumeDevices " +
  "startupProbe resizePolicy restartPolicy restartPolicyRules";
const POD_AFFINITY = "requiredDuringSchedulingIgnoredDuringExecution preferredDuringSchedulingIgnoredDuringExecution";
const LABEL_SELECTOR_REQUIREMENT = "key operator values";
const METRIC = "type object pods resource external . containerResource";
const CONDITION = "type status lastTransitionTime reason message";

/** By the last part of the model's name; where groups differ, by the whole name. */
export const FIELDS: Record<string, string> = {
  // apimachinery
  ObjectMeta:
    "name generateName namespace selfLink uid resourceVersion generation creationTimestamp deletionTimestamp deletionGracePeriodSeconds? " +
    "labels annotations ownerReferences finalizers . . managedFields",
  OwnerReference: "kind . name uid apiVersion controller? blockOwnerDeletion?",
  ManagedFieldsEntry: "manager operation apiVersion time . fieldsType fieldsV1 subresource",
  LabelSelector: "matchLabels matchExpressions",
  LabelSelectorRequirement: LABEL_SELECTOR_REQUIREMENT,
  DeleteOptions: "gracePeriodSeconds? preconditions orphanDependents? propagationPolicy dryRun",
  Preconditions: "uid resourceVersion",

  // core: the kinds
  Binding: "metadata target",
  ConfigMap: "metadata data binaryData immutable?",
  Endpoints: "metadata subsets",
  Event:
    "metadata involvedObject reason message source firstTimestamp lastTimestamp count type eventTime series action related " +
    "reportingComponent reportingInstance",
  Namespace: "metadata spec status",
  PersistentVolumeClaim: "metadata spec status",
  Pod: "metadata spec status",
  PodTemplate: "metadata template",
  ReplicationController: "metadata spec status",
  Secret: "metadata data type stringData immutable?",
  Service: "metadata spec status",
  ServiceAccount: "metadata secrets imagePullSecrets automountServiceAccountToken?",

  // core: their parts
  Affinity: "nodeAffinity podAffinity podAntiAffinity",
  AppArmorProfile: "type localhostProfile",
  Capabilities: "add drop",
  ClientIPConfig: "timeoutSeconds?",
  ConfigMapEnvSource: OPTIONAL_REFERENCE,
  ConfigMapKeySelector: KEY_SELECTOR,
  ConfigMapProjection: "=LocalObjectReference items . optional?",
  ConfigMapVolumeSource: "=LocalObjectReference items defaultMode? optional?",
  Container: CONTAINER,
  ContainerPort: "name hostPort containerPort protocol hostIP",
  ContainerResizePolicy: "resourceName restartPolicy",
  DownwardAPIProjection: "items",
  DownwardAPIVolumeFile: "path fieldRef resourceFieldRef mode?",
  DownwardAPIVolumeSource: "items defaultMode?",
  EmptyDirVolumeSource: "medium sizeLimit",
  EndpointAddress: "ip targetRef hostname nodeName",
  "io.k8s.api.core.v1.EndpointPort": "name port protocol appProtocol",
  EndpointSubset: "addresses notReadyAddresses ports",
  EnvFromSource: "prefix configMapRef secretRef",
  EnvVar: "name value valueFrom",
  EnvVarSource: "fieldRef resourceFieldRef configMapKeyRef secretKeyRef",
  EphemeralContainer: "=EphemeralContainerCommon targetContainerName",
  EphemeralContainerCommon: CONTAINER,
  EphemeralVolumeSource: "volumeClaimTemplate",
  EventSeries: "count lastObservedTime",
  EventSource: "component host",
  ExecAction: "command",
  GRPCAction: "port service",
  HTTPGetAction: "path port host scheme httpHeaders",
  HTTPHeader: "name value",
  HostAlias: "ip hostnames",
  HostPathVolumeSource: "path type",
  KeyToPath: "key path mode?",
  Lifecycle: "postStart preStop stopSignal",
  LifecycleHandler: "exec httpGet tcpSocket sleep",
  LocalObjectReference: "name",
  NamespaceSpec: "finalizers",
  NamespaceStatus: "phase",
  NodeAffinity: POD_AFFINITY,
  NodeSelector: "nodeSelectorTerms",
  NodeSelectorRequirement: LABEL_SELECTOR_REQUIREMENT,
  NodeSelectorTerm: "matchExpressions matchFields",
  ObjectFieldSelector: "apiVersion fieldPath",
  ObjectReference: "kind namespace name uid apiVersion resourceVersion fieldPath",
  PersistentVolumeClaimSpec: "accessModes resources volumeName selector storageClassName? volumeMode dataSource dataSourceRef volumeAttributesClassName",
  PersistentVolumeClaimTemplate: "metadata spec",
  PersistentVolumeClaimVolumeSource: "claimName readOnly",
  PersistentVolumeClaimStatus: "phase",
  PodAffinity: POD_AFFINITY,
  PodAffinityTerm: "labelSelector namespaces topologyKey namespaceSelector matchLabelKeys mismatchLabelKeys",
  PodAntiAffinity: POD_AFFINITY,
  PodCondition: "type status lastProbeTime lastTransitionTime reason message observedGeneration",
  PodDNSConfig: "nameservers searches options",
  PodDNSConfigOption: "name value",
  PodReadinessGate: "conditionType",
  PodSchedulingGate: "name",
  PodSecurityContext:
    "seLinuxOptions runAsUser? runAsNonRoot? supplementalGroups fsGroup? runAsGroup? sysctls . fsGroupChangePolicy seccompProfile " +
    "appArmorProfile supplementalGroupsPolicy seLinuxChangePolicy",
  PodSpec:
    "volumes containers restartPolicy terminationGracePeriodSeconds? activeDeadlineSeconds? dnsPolicy nodeSelector serviceAccountName " +
    "serviceAccount nodeName hostNetwork hostPID hostIPC securityContext imagePullSecrets hostname subdomain affinity schedulerName " +
    "initContainers automountServiceAccountToken? tolerations hostAliases priorityClassName priority? dnsConfig shareProcessNamespace? " +
    "readinessGates runtimeClassName enableServiceLinks? preemptionPolicy overhead topologySpreadConstraints ephemeralContainers " +
    "setHostnameAsFQDN? os hostUsers? schedulingGates . resources hostnameOverride",
  PodOS: "name",
  PodStatus: "phase conditions message reason hostIP podIP startTime . qosClass . nominatedNodeName . . resize . . observedGeneration",
  PodTemplateSpec: "metadata spec",
  PreferredSchedulingTerm: "weight preference",
  Probe: "=ProbeHandler initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold terminationGracePeriodSeconds?",
  ProbeHandler: "exec httpGet tcpSocket grpc",
  ProjectedVolumeSource: "sources defaultMode?",
  ResourceFieldSelector: "containerName resource divisor",
  ResourceRequirements: "limits requests",
  SELinuxOptions: "user role type level",
  SeccompProfile: "type localhostProfile",
  SecretEnvSource: OPTIONAL_REFERENCE,
  SecretKeySelector: KEY_SELECTOR,
  SecretProjection: "=LocalObjectReference items . optional?",
  SecretVolumeSource: "secretName items defaultMode? optional?",
  SecurityContext:
    "capabilities privileged? seLinuxOptions runAsUser? runAsNonRoot? readOnlyRootFilesystem? allowPrivilegeEscalation? runAsGroup? " +
    "procMount . seccompProfile appArmorProfile",
  ServiceAccountTokenProjection: "audience expirationSeconds? path",
  ServicePort: "name protocol port targetPort nodePort appProtocol",
  ServiceSpec:
    "ports selector clusterIP type externalIPs . sessionAffinity loadBalancerIP loadBalancerSourceRanges externalName " +
    "externalTrafficPolicy healthCheckNodePort publishNotReadyAddresses sessionAffinityConfig . . ipFamilyPolicy clusterIPs ipFamilies " +
    "allocateLoadBalancerNodePorts? loadBalancerClass internalTrafficPolicy trafficDistribution",
  ServiceStatus: "loadBalancer conditions",
  LoadBalancerStatus: "ingress",
  SessionAffinityConfig: "clientIP",
  SleepAction: "seconds",
  Sysctl: "name value",
  TCPSocketAction: "port host",
  Toleration: "key operator value effect tolerationSeconds?",
  TopologySpreadConstraint:
    "maxSkew topologyKey whenUnsatisfiable labelSelector minDomains? nodeAffinityPolicy nodeTaintsPolicy matchLabelKeys",
  Volume: "name =VolumeSource",
  VolumeDevice: "name devicePath",
  VolumeMount: "name readOnly mountPath subPath mountPropagation subPathExpr recursiveReadOnly",
  VolumeProjection: "secret downwardAPI configMap serviceAccountToken",
  VolumeResourceRequirements: "limits requests",
  VolumeSource:
    "hostPath emptyDir . . . secret . . . persistentVolumeClaim . . . . . downwardAPI . . configMap . . . . . . projected . . ephemeral",
  WeightedPodAffinityTerm: "weight podAffinityTerm",

  ReplicationControllerCondition: CONDITION,
  ReplicationControllerSpec: "replicas? selector template minReadySeconds",
  ReplicationControllerStatus: "replicas fullyLabeledReplicas observedGeneration readyReplicas availableReplicas conditions",

  // apps
  DaemonSet: "metadata spec status",
  DaemonSetCondition: CONDITION,
  DaemonSetSpec: "selector template updateStrategy minReadySeconds . revisionHistoryLimit?",
  DaemonSetStatus:
    "currentNumberScheduled numberMisscheduled desiredNumberScheduled numberReady observedGeneration updatedNumberScheduled " +
    "numberAvailable numberUnavailable collisionCount? conditions",
  DaemonSetUpdateStrategy: "type rollingUpdate",
  Deployment: "metadata spec status",
  DeploymentCondition: "type status . reason message lastUpdateTime lastTransitionTime",
  DeploymentSpec: "replicas? selector template strategy minReadySeconds revisionHistoryLimit? paused . progressDeadlineSeconds?",
  DeploymentStatus:
    "observedGeneration replicas updatedReplicas availableReplicas unavailableReplicas conditions readyReplicas collisionCount? terminatingReplicas?",
  DeploymentStrategy: "type rollingUpdate",
  ReplicaSet: "metadata spec status",
  ReplicaSetCondition: CONDITION,
  ReplicaSetSpec: "replicas? selector template minReadySeconds",
  ReplicaSetStatus: "replicas fullyLabeledReplicas observedGeneration readyReplicas availableReplicas conditions terminatingReplicas?",
  RollingUpdateDaemonSet: "maxUnavailable? maxSurge?",
  RollingUpdateDeployment: "maxUnavailable? maxSurge?",
  RollingUpdateStatefulSetStrategy: "partition? maxUnavailable?",
  StatefulSet: "metadata spec status",
  StatefulSetCondition: CONDITION,
  StatefulSetOrdinals: "start",
  StatefulSetPersistentVolumeClaimRetentionPolicy: "whenDeleted whenScaled",
  StatefulSetSpec:
    "replicas? selector template volumeClaimTemplates serviceName podManagementPolicy updateStrategy revisionHistoryLimit? " +
    "minReadySeconds persistentVolumeClaimRetentionPolicy ordinals",
  StatefulSetStatus:
    "observedGeneration replicas readyReplicas currentReplicas updatedReplicas currentRevision updateRevision . collisionCount? " +
    "conditions availableReplicas",
  StatefulSetUpdateStrategy: "type rollingUpdate",

  // autoscaling
  CrossVersionObjectReference: "kind name apiVersion",
  HorizontalPodAutoscaler: "metadata spec status",
  HorizontalPodAutoscalerBehavior: "scaleUp scaleDown",
  HorizontalPodAutoscalerCondition: `${CONDITION} observedGeneration`,
  "io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec": "scaleTargetRef minReplicas? maxReplicas targetCPUUtilizationPercentage?",
  "io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerStatus":
    "observedGeneration? lastScaleTime currentReplicas desiredReplicas currentCPUUtilizationPercentage?",
  "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec": "scaleTargetRef minReplicas? maxReplicas metrics behavior",
  "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerStatus":
    "observedGeneration? lastScaleTime currentReplicas desiredReplicas currentMetrics conditions",
  HPAScalingPolicy: "type value periodSeconds",
  HPAScalingRules: "selectPolicy policies stabilizationWindowSeconds? tolerance",
  ContainerResourceMetricSource: "name target container",
  ContainerResourceMetricStatus: "name current container",
  ExternalMetricSource: "metric target",
  ExternalMetricStatus: "metric current",
  MetricIdentifier: "name selector",
  MetricSpec: METRIC,
  MetricStatus: METRIC,
  MetricTarget: "type value averageValue averageUtilization?",
  MetricValueStatus: "value averageValue averageUtilization?",
  ObjectMetricSource: "describedObject target metric",
  ObjectMetricStatus: "metric current describedObject",
  PodsMetricSource: "metric target",
  PodsMetricStatus: "metric current",
  ResourceMetricSource: "name target",
  ResourceMetricStatus: "name current",

  // batch
  CronJob: "metadata spec status",
  CronJobSpec:
    "schedule startingDeadlineSeconds? concurrencyPolicy suspend? jobTemplate successfulJobsHistoryLimit? failedJobsHistoryLimit? timeZone?",
  CronJobStatus: "active . . lastScheduleTime lastSuccessfulTime",
  Job: "metadata spec status",
  JobCondition: "type status lastProbeTime lastTransitionTime reason message",
  JobSpec:
    "parallelism? completions? activeDeadlineSeconds? selector manualSelector? template backoffLimit? ttlSecondsAfterFinished? " +
    "completionMode? suspend? podFailurePolicy backoffLimitPerIndex? maxFailedIndexes? podReplacementPolicy? managedBy? successPolicy",
  JobStatus:
    "conditions startTime completionTime active succeeded failed completedIndexes uncountedTerminatedPods ready? failedIndexes? terminating?",
  JobTemplateSpec: "metadata spec",
  PodFailurePolicy: "rules",
  PodFailurePolicyOnExitCodesRequirement: "containerName? operator values",
  PodFailurePolicyOnPodConditionsPattern: "type status",
  PodFailurePolicyRule: "action onExitCodes onPodConditions",
  SuccessPolicy: "rules",
  SuccessPolicyRule: "succeededIndexes? succeededCount?",
  UncountedTerminatedPods: "succeeded failed",

  // the small groups
  PodDisruptionBudget: "metadata spec status",
  PodDisruptionBudgetSpec: "minAvailable? selector maxUnavailable? unhealthyPodEvictionPolicy?",
  PodDisruptionBudgetStatus: "observedGeneration disruptedPods disruptionsAllowed currentHealthy desiredHealthy expectedPods conditions",
  Condition: "type status observedGeneration lastTransitionTime reason message",
  PriorityClass: "metadata value globalDefault description preemptionPolicy?",
  Overhead: "podFixed",
  RuntimeClass: "metadata handler overhead scheduling",
  Scheduling: "nodeSelector tolerations",
  BoundObjectReference: "kind apiVersion name uid",
  ResourceRule: "verbs apiGroups resources resourceNames",
  NonResourceRule: "verbs nonResourceURLs",
  TokenReview: "metadata spec status",
  TokenReviewSpec: "token audiences",
  TokenReviewStatus: "authenticated user error audiences",
  TokenRequest: "metadata spec status",
  TokenRequestSpec: "audiences . boundObjectRef expirationSeconds?",
  TokenRequestStatus: "token expirationTimestamp",
  SelfSubjectReview: "metadata status",
  SelfSubjectReviewStatus: "userInfo",
  UserInfo: "username uid groups extra",
  SelfSubjectAccessReview: "metadata spec status",
  SelfSubjectAccessReviewSpec: "resourceAttributes nonResourceAttributes",
  SelfSubjectRulesReview: "metadata spec status",
  SelfSubjectRulesReviewSpec: "namespace",
  FieldSelectorAttributes: "rawSelector requirements",
  FieldSelectorRequirement: LABEL_SELECTOR_REQUIREMENT,
  LabelSelectorAttributes: "rawSelector requirements",
  LocalSubjectAccessReview: "metadata spec status",
  ResourceAttributes: "namespace verb group version resource subresource name fieldSelector labelSelector",
  SubjectAccessReview: "metadata spec status",
  SubjectAccessReviewSpec: "resourceAttributes nonResourceAttributes user groups extra uid",
  NonResourceAttributes: "path verb",
  SubjectAccessReviewStatus: "allowed reason evaluationError denied",
  SubjectRulesReviewStatus: "resourceRules nonResourceRules incomplete evaluationError",
  AggregationRule: "clusterRoleSelectors",
  ClusterRole: "metadata rules aggregationRule",
  ClusterRoleBinding: "metadata subjects roleRef",
  PolicyRule: "verbs apiGroups resources resourceNames nonResourceURLs",
  Role: "metadata rules",
  RoleBinding: "metadata subjects roleRef",
  RoleRef: "apiGroup kind name",
  "io.k8s.api.rbac.v1.Subject": "kind apiGroup name namespace",
  CertificateSigningRequest: "metadata spec status",
  CertificateSigningRequestCondition: "type reason message lastUpdateTime lastTransitionTime status",
  CertificateSigningRequestSpec: "request username uid groups usages extra signerName expirationSeconds?",
  CertificateSigningRequestStatus: "conditions certificate",
  Eviction: "metadata deleteOptions",
  Scale: "metadata spec status",
  ScaleSpec: "replicas",
  ScaleStatus: "replicas selector",
  Lease: "metadata spec",
  LeaseSpec: "holderIdentity leaseDurationSeconds? acquireTime renewTime leaseTransitions? strategy preferredHolder",
  EndpointSlice: "metadata endpoints ports addressType",
  Endpoint: "addresses conditions hostname targetRef deprecatedTopology nodeName zone hints",
  EndpointConditions: "ready? serving? terminating?",
  EndpointHints: "forZones forNodes",
  ForNode: "name",
  ForZone: "name",
  "io.k8s.api.discovery.v1.EndpointPort": "name protocol port? appProtocol",
};

/**
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidatePodSpec, ValidatePodCreate)
 */
import type { FieldError } from "../errors.ts";
import type { Pod, PodSpec } from "../types.ts";
import { type PodContext, validateContainers, validateImageSpace, validateInitContainers } from "./container-validation.ts";
import { validateEphemeralContainers } from "./ephemeral-container-validation.ts";
import { duplicate, forbidden, invalid, invalidFor, required, validateOneOf } from "./field-errors.ts";
import { dns1123Label, dns1123Subdomain, dnsSearchName, ipAddress, positiveSeconds, qualifiedName, validateLabels, validateName } from "./names.ts";
import { validatePodResources, validateResources } from "./resources-validation.ts";
import { validateAffinity, validateSpread, validateTolerations } from "./scheduling-validation.ts";
import { validateOs, validatePodSecurityContext } from "./security-validation.ts";
import { validateVolumes } from "./volume-validation.ts";

const RESTART_POLICIES = ["Always", "OnFailure", "Never"];
const DNS_POLICIES = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
const MIRROR = "kubernetes.io/config.mirror";
const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";

/** `old` is what an update replaces. */
export function validatePod(pod: Pod, old?: Pod): FieldError[] {
  const { metadata, spec } = pod;
  const errors = [...validateName(metadata.name, dns1123Subdomain), ...validateAnnotations(pod), ...validatePodSpec(spec, "spec")];
  if (!spec.serviceAccountName) {
    for (const [v, { projected }] of (spec.volumes ?? []).entries()) {
      for (const [s, { serviceAccountToken }] of (projected?.sources ?? []).entries()) {
        const path = `spec.volumes[${v}].projected.sources[${s}].serviceAccountToken`;
        if (serviceAccountToken) errors.push(forbidden(path, "must not be specified when serviceAccountName is not set"));
      }
    }
  }
  for (const list of ["containers", "initContainers"] as const) errors.push(...(spec[list] ?? []).flatMap((container, i) => validateImageSpace(container, `spec.${list}[${i}]`)));
  if (old) return errors;
  if (spec.ephemeralContainers?.length) errors.push(forbidden("spec.ephemeralContainers", "cannot be set on create"));
  if (spec.nodeName && spec.schedulingGates?.length) errors.push(forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"));
  return errors;
}

function validateAnnotations({ metadata: { annotations = {} }, spec }: Pod): FieldError[] {
  const { [MIRROR]: mirror, [DELETION_COST]: cost } = annotations;
  const errors: FieldError[] = [];
  if (mirror !== undefined && !spec.nodeName) errors.push(invalid(`metadata.annotations[${MIRROR}]`, mirror, "must set spec.nodeName if mirror pod annotation is set"));
  if (cost !== undefined && !is32BitInteger(cost)) errors.push(invalid(`metadata.annotations[${DELETION_COST}]`, cost, "must be a 32bit integer"));
  return errors;
}

/** Written without a plus sign or leading zeros. */
function is32BitInteger(text: string): boolean {
  return /^(0|-?[1-9]\d*)$/.test(text) && Number(text) === (Number(text) | 0);
}

/** The spec of a pod or of a template. */
export function validatePodSpec(spec: PodSpec, field: string): FieldError[] {
  const { errors, known } = validateVolumes(spec.volumes ?? [], `${field}.volumes`);
  const context: PodContext = {
    volumes: known,
    gracePeriodSeconds: spec.terminationGracePeriodSeconds,
    restartPolicy: spec.restartPolicy,
    claimNames: new Set((spec.resourceClaims ?? []).flatMap(({ name }) => (name ? [name] : []))),
    hostUsers: spec.hostUsers ?? true,
  };
  errors.push(
    ...validateResourceClaims(spec.resourceClaims ?? [], `${field}.resourceClaims`),
    ...validateContainers(spec.containers ?? [], context, `${field}.containers`),
    ...validateInitContainers(spec.initContainers ?? [], spec.containers ?? [], context, `${field}.initContainers`),
    ...validateEphemeralContainers(spec, context, `${field}.ephemeralContainers`),
    ...validatePodResources(spec, `${field}.resources`),
    ...validateHostNetwork(spec, field),
  );
  if (!spec.restartPolicy) errors.push(required(`${field}.restartPolicy`));
  errors.push(
    ...validateOneOf(`${field}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES),
    ...validateOneOf(`${field}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES),
    ...validateLabels(spec.nodeSelector, `${field}.nodeSelector`),
    ...validatePodSecurityContext(spec, `${field}.securityContext`),
    ...(spec.affinity ? validateAffinity(spec.affinity, `${field}.affinity`) : []),
    ...validateDnsConfig(spec, `${field}.dnsConfig`),
    ...(spec.readinessGates ?? []).flatMap(({ conditionType }, i) => invalidFor(`${field}.readinessGates[${i}].conditionType`, conditionType, qualifiedName(conditionType))),
    ...validateSchedulingGates(spec.schedulingGates ?? [], `${field}.schedulingGates`),
    ...validateSpread(spec.topologySpreadConstraints ?? [], `${field}.topologySpreadConstraints`),
    ...validateHostUsers(spec, field),
    ...validateName(spec.serviceAccountName, dns1123Subdomain, `${field}.serviceAccountName`),
    ...validateName(spec.nodeName, dns1123Subdomain, `${field}.nodeName`),
  );
  const { activeDeadlineSeconds } = spec;
  if (activeDeadlineSeconds !== undefined) errors.push(...invalidFor(`${field}.activeDeadlineSeconds`, activeDeadlineSeconds, positiveSeconds(activeDeadlineSeconds)));
  return [
    ...errors,
    ...validateName(spec.hostname, dns1123Label, `${field}.hostname`),
    ...validateName(spec.subdomain, dns1123Label, `${field}.subdomain`),
    ...validateTolerations(spec.tolerations ?? [], `${field}.tolerations`),
    ...(spec.hostAliases ?? []).flatMap(({ ip, hostnames = [] }, i) => [
      ...invalidFor(`${field}.hostAliases[${i}].ip`, ip, ipAddress(ip)),
      ...hostnames.flatMap((hostname, j) => invalidFor(`${field}.hostAliases[${i}].hostnames[${j}]`, hostname, dns1123Subdomain(hostname))),
    ]),
    ...validateName(spec.priorityClassName, dns1123Subdomain, `${field}.priorityClassName`),
    ...validateName(spec.runtimeClassName, dns1123Subdomain, `${field}.runtimeClassName`),
    ...validatePreemptionPolicy(spec.preemptionPolicy, `${field}.preemptionPolicy`),
    ...validateResources({ limits: spec.overhead ?? {} }, `${field}.overhead`),
    ...validateOs(spec, field),
  ];
}

function validatePreemptionPolicy(policy: string | undefined, field: string): FieldError[] {
  return policy === "" ? [required(field)] : validateOneOf(field, policy, ["PreemptLowerPriority", "Never"]);
}

function validateResourceClaims(claims: NonNullable<PodSpec["resourceClaims"]>, field: string): FieldError[] {
  const names = new Set<string>();
  return claims.flatMap((claim, i) => {
    const path = `${field}[${i}]`;
    const { name, resourceClaimName, resourceClaimTemplateName } = claim;
    const errors = name ? [] : [required(`${path}.name`)];
    if (names.has(name)) errors.push(duplicate(`${path}.name`, name));
    else if (name) errors.push(...invalidFor(`${path}.name`, name, dns1123Label(name)));
    names.add(name);
    const given = [resourceClaimName, resourceClaimTemplateName].filter((other) => other !== undefined).length;
    if (given === 2) errors.push(invalid(path, claim, "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"));
    if (given === 0) errors.push(invalid(path, claim, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"));
    return [
      ...errors,
      ...validateName(resourceClaimName, dns1123Subdomain, `${path}.resourceClaimName`),
      ...validateName(resourceClaimTemplateName, dns1123Subdomain, `${path}.resourceClaimTemplateName`),
    ];
  });
}

function validateHostNetwork({ hostNetwork, containers }: PodSpec, field: string): FieldError[] {
  if (!hostNetwork) return [];
  return containers.flatMap(({ ports = [] }, c) =>
    ports.flatMap(({ hostPort, containerPort }, p) =>
      hostPort && hostPort !== containerPort ? [invalid(`${field}.containers[${c}].ports[${p}].hostPort`, hostPort, "must match `containerPort` when `hostNetwork` is true")] : [],
    ),
  );
}

/** Users of a namespace of their own don't go with the host's other namespaces. */
function validateHostUsers({ hostUsers, hostNetwork, hostPID, hostIPC }: PodSpec, field: string): FieldError[] {
  if (hostUsers !== false) return [];
  return Object.entries({ hostNetwork, HostPID: hostPID, HostIPC: hostIPC }).flatMap(([name, value]) => (value ? [forbidden(`${field}.${name}`, "when `pod.Spec.HostUsers` is false")] : []));
}

function validateDnsConfig({ dnsConfig, dnsPolicy }: PodSpec, field: string): FieldError[] {
  if (dnsPolicy === "None") {
    if (!dnsConfig) return [required(field, "must provide `dnsConfig` when `dnsPolicy` is None")];
    if (!dnsConfig.nameservers?.length) return [required(`${field}.nameservers`, "must provide at least one DNS nameserver when `dnsPolicy` is None")];
  }
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {};
  const errors: FieldError[] = [];
  if (nameservers.length > 3) errors.push(invalid(`${field}.nameservers`, nameservers, "must not have more than 3 nameservers"));
  for (const [i, server] of nameservers.entries()) errors.push(...invalidFor(`${field}.nameservers[${i}]`, server, ipAddress(server)));
  if (searches.length > 32) errors.push(invalid(`${field}.searches`, searches, "must not have more than 32 search paths"));
  if (searches.join(" ").length > 2048) {
    errors.push(invalid(`${field}.searches`, searches, "must not have more than 2048 characters (including spaces) in the search list"));
  }
  for (const [i, search] of searches.entries()) {
    const name = search.replace(/\.$/, "");
    if (search !== ".") errors.push(...invalidFor(`${field}.searches[${i}]`, name, dnsSearchName(name)));
  }
  for (const [i, { name }] of options.entries()) if (!name) errors.push(required(`${field}.options[${i}]`, "must not be empty"));
  return errors;
}

function validateSchedulingGates(gates: { name: string }[], field: string): FieldError[] {
  const seen = new Set<string>();
  return gates.flatMap(({ name }, i) => {
    const errors = invalidFor(`${field}[${i}]`, name, qualifiedName(name));
    if (seen.has(name)) errors.push(duplicate(`${field}[${i}]`, name));
    seen.add(name);
    return errors;
  });
}

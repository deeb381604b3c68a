/**
 * The checks of the Pod Security Standards: what the baseline level forbids.
 * @see https://kubernetes.io/docs/concepts/security/pod-security-standards/
 * @see https://github.com/kubernetes/pod-security-admission/tree/master/policy
 */
import type { Container, LifecycleHandler, ObjectMeta, PodSpec, Probe } from "#api/types.ts";

export type Level = "privileged" | "baseline" | "restricted";

/** What a check found: the reason is always told, the detail when it's about one pod. */
export interface Violation {
  reason: string;
  detail: string;
}

export type CheckFunction = (metadata: ObjectMeta, spec: PodSpec) => Violation | undefined;

/** A check and its revisions; the last one that isn't younger than the policy's version counts. */
export interface Check {
  id: string;
  level: "baseline" | "restricted";
  /** Minor versions in rising order. `overrides` names a baseline check that this one makes needless. */
  versions: { since: number; check: CheckFunction; overrides?: string | undefined }[];
}

type SecurityContext = NonNullable<Container["securityContext"]>;
export type AnyContainer = Container | NonNullable<PodSpec["ephemeralContainers"]>[number];

export function allContainers(spec: PodSpec): AnyContainer[] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])];
}

export const quoted = (items: readonly string[]): string => items.map((item) => `"${item}"`).join(", ");
export const counted = (noun: string, count: number): string => (count === 1 ? noun : `${noun}s`);
/** `container "a"`, `containers "a", "b"`. */
export const named = (noun: string, names: readonly string[]): string => `${counted(noun, names.length)} ${quoted(names)}`;
export const sorted = (values: Iterable<string>): string[] => [...new Set(values)].sort();

/** The names of the containers that a check is about. */
export function containersWith(spec: PodSpec, isBad: (container: AnyContainer) => boolean): string[] {
  return allContainers(spec).filter(isBad).map(({ name }) => name);
}

/** Who sets something: `pod and containers "a", "b"`; undefined when nobody does. */
export function setters(podDoes: boolean, containers: readonly string[]): string | undefined {
  const parts = [...(podDoes ? ["pod"] : []), ...(containers.length > 0 ? [named("container", containers)] : [])];
  return parts.length > 0 ? parts.join(" and ") : undefined;
}

/** A value of the security contexts that may only be certain ones: who sets what else. */
export function badSettings<T>(spec: PodSpec, read: (context: SecurityContext) => T | undefined, isGood: (value: T) => boolean) {
  const podValue = spec.securityContext && read(spec.securityContext);
  const podIsBad = podValue !== undefined && podValue !== null && !isGood(podValue);
  const bad = allContainers(spec).flatMap(({ name, securityContext }) => {
    const value = securityContext && read(securityContext);
    return value !== undefined && value !== null && !isGood(value) ? [{ name, value }] : [];
  });
  return { podIsBad, containers: bad.map(({ name }) => name), values: [...(podIsBad ? [podValue] : []), ...bad.map(({ value }) => value)] };
}

const APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/";
const SECCOMP_ANNOTATION = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER_ANNOTATION = "container.seccomp.security.alpha.kubernetes.io/";

const appArmorProfile: CheckFunction = (metadata, spec) => {
  const { podIsBad, containers, values } = badSettings(spec, ({ appArmorProfile }) => appArmorProfile?.type, (type) => type === "RuntimeDefault" || type === "Localhost");
  const annotations = Object.entries(metadata.annotations ?? {})
    .filter(([key, value]) => key.startsWith(APPARMOR_ANNOTATION) && value !== "" && value !== "runtime/default" && !value.startsWith("localhost/"))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort();
  const who = [setters(podIsBad, containers) ?? [], annotations.length > 0 ? counted("annotation", annotations.length) : []].flat();
  if (who.length === 0) return undefined;
  const bad = [...sorted(values), ...annotations];
  return { reason: counted("forbidden AppArmor profile", bad.length), detail: `${who.join(" and ")} must not set AppArmor profile type to ${quoted(bad)}` };
};

const DEFAULT_CAPABILITIES = ["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"];

const capabilities: CheckFunction = (_metadata, spec) => {
  const added = ({ securityContext }: AnyContainer): string[] => (securityContext?.capabilities?.add ?? []).filter((name) => !DEFAULT_CAPABILITIES.includes(name));
  const containers = containersWith(spec, (container) => added(container).length > 0);
  if (containers.length === 0) return undefined;
  const names = sorted(allContainers(spec).flatMap(added));
  return { reason: "non-default capabilities", detail: `${named("container", containers)} must not include ${quoted(names)} in securityContext.capabilities.add` };
};

const hostNamespaces: CheckFunction = (_metadata, spec) => {
  const shared = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((field) => spec[field]).map((field) => `${field}=true`);
  return shared.length > 0 ? { reason: "host namespaces", detail: shared.join(", ") } : undefined;
};

const hostPathVolumes: CheckFunction = (_metadata, spec) => {
  const volumes = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name);
  return volumes.length > 0 ? { reason: "hostPath volumes", detail: named("volume", volumes) } : undefined;
};

const hostPorts: CheckFunction = (_metadata, spec) => {
  const portsOf = ({ ports }: AnyContainer): string[] => (ports ?? []).flatMap(({ hostPort }) => (hostPort ? [String(hostPort)] : []));
  const containers = containersWith(spec, (container) => portsOf(container).length > 0);
  if (containers.length === 0) return undefined;
  const ports = sorted(allContainers(spec).flatMap(portsOf));
  return { reason: "hostPort", detail: `${named("container", containers)} ${containers.length === 1 ? "uses" : "use"} ${counted("hostPort", ports.length)} ${ports.join(", ")}` };
};

const hostProbes: CheckFunction = (_metadata, spec) => {
  const hostsOf = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: AnyContainer): string[] =>
    [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].flatMap((handler: Probe | LifecycleHandler | undefined) =>
      [handler?.httpGet?.host, handler?.tcpSocket?.host].flatMap((host) => host || []),
    );
  const containers = sorted(containersWith(spec, (container) => hostsOf(container).length > 0));
  if (containers.length === 0) return undefined;
  const hosts = sorted(allContainers(spec).flatMap(hostsOf));
  return { reason: "probe or lifecycle host", detail: `${named("container", containers)} ${containers.length === 1 ? "uses" : "use"} ${named("probe or lifecycle host", hosts)}` };
};

const privileged: CheckFunction = (_metadata, spec) => {
  const containers = containersWith(spec, ({ securityContext }) => securityContext?.privileged === true);
  return containers.length > 0 ? { reason: "privileged", detail: `${named("container", containers)} must not set securityContext.privileged=true` } : undefined;
};

export const procMount: CheckFunction = (_metadata, spec) => {
  const typeOf = ({ securityContext }: AnyContainer): string[] => {
    const type = securityContext?.procMount;
    return type !== undefined && type !== "Default" ? [type] : [];
  };
  const containers = containersWith(spec, (container) => typeOf(container).length > 0);
  if (containers.length === 0) return undefined;
  return { reason: "procMount", detail: `${named("container", containers)} must not set securityContext.procMount to ${quoted(sorted(allContainers(spec).flatMap(typeOf)))}` };
};

/** Within a user namespace, root is nobody on the host. */
export function unlessInUserNamespace(check: CheckFunction): CheckFunction {
  return (metadata, spec) => (spec.hostUsers === false ? undefined : check(metadata, spec));
}

function seLinuxOptions(...types: string[]): CheckFunction {
  return (_metadata, spec) => {
    const { podIsBad, containers, values } = badSettings(
      spec,
      (context) => context.seLinuxOptions,
      ({ type = "", user, role }) => types.includes(type) && !user && !role,
    );
    const who = setters(podIsBad, containers);
    if (!who) return undefined;
    const badTypes = sorted(values.map(({ type = "" }) => type).filter((type) => !types.includes(type)));
    const what = [
      ...(badTypes.length > 0 ? [named("type", badTypes)] : []),
      ...(values.some(({ user }) => user) ? ["user may not be set"] : []),
      ...(values.some(({ role }) => role) ? ["role may not be set"] : []),
    ];
    return { reason: "seLinuxOptions", detail: `${who} set forbidden securityContext.seLinuxOptions: ${what.join("; ")}` };
  };
}

export const isSafeSeccompType = (type: string): boolean => type === "RuntimeDefault" || type === "Localhost";

/** Before 1.19, seccomp profiles were annotations. */
const seccompAnnotations: CheckFunction = (metadata, spec) => {
  const keys = [SECCOMP_ANNOTATION, ...allContainers(spec).map(({ name }) => SECCOMP_CONTAINER_ANNOTATION + name)];
  const isSafe = (value: string): boolean => value === "runtime/default" || value === "docker/default" || value.startsWith("localhost/");
  const bad = sorted(keys.flatMap((key) => {
    const value = metadata.annotations?.[key];
    return value !== undefined && !isSafe(value) ? [`${key}=${JSON.stringify(value)}`] : [];
  }));
  return bad.length > 0 ? { reason: "seccompProfile", detail: `forbidden ${counted("annotation", bad.length)} ${bad.join(", ")}` } : undefined;
};

/** Profiles that are set to something unsafe. */
export const seccompProfile: CheckFunction = (_metadata, spec) => {
  const { podIsBad, containers, values } = badSettings(spec, (context) => context.seccompProfile?.type, isSafeSeccompType);
  const who = setters(podIsBad, containers);
  return who ? { reason: "seccompProfile", detail: `${who} must not set securityContext.seccompProfile.type to ${quoted(sorted(values))}` } : undefined;
};

function sysctls(...allowed: string[]): CheckFunction {
  return (_metadata, spec) => {
    const forbidden = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !allowed.includes(name));
    return forbidden.length > 0 ? { reason: "forbidden sysctls", detail: forbidden.join(", ") } : undefined;
  };
}

const SYSCTLS = ["kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start"];
const SYSCTLS_27 = [...SYSCTLS, "net.ipv4.ip_local_reserved_ports"];
const SYSCTLS_29 = [...SYSCTLS_27, "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes"];
const SYSCTLS_32 = [...SYSCTLS_29, "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"];
const SYSCTLS_37 = [...SYSCTLS_32, "net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat"];

const SELINUX_TYPES = ["", "container_t", "container_init_t", "container_kvm_t"];

const windowsHostProcess: CheckFunction = (_metadata, spec) => {
  const { podIsBad, containers } = badSettings(spec, (context) => context.windowsOptions?.hostProcess, (hostProcess) => !hostProcess);
  const who = setters(podIsBad, containers);
  return who ? { reason: "hostProcess", detail: `${who} must not set securityContext.windowsOptions.hostProcess=true` } : undefined;
};

/** In the order of their ids, in which violations are told. */
export const BASELINE: Check[] = [
  { id: "appArmorProfile", level: "baseline", versions: [{ since: 0, check: appArmorProfile }] },
  { id: "capabilities_baseline", level: "baseline", versions: [{ since: 0, check: capabilities }] },
  { id: "hostNamespaces", level: "baseline", versions: [{ since: 0, check: hostNamespaces }] },
  { id: "hostPathVolumes", level: "baseline", versions: [{ since: 0, check: hostPathVolumes }] },
  { id: "hostPorts", level: "baseline", versions: [{ since: 0, check: hostPorts }] },
  { id: "hostProbesAndHostLifecycle", level: "baseline", versions: [{ since: 34, check: hostProbes }] },
  { id: "privileged", level: "baseline", versions: [{ since: 0, check: privileged }] },
  { id: "procMount", level: "baseline", versions: [{ since: 0, check: procMount }, { since: 35, check: unlessInUserNamespace(procMount) }] },
  {
    id: "seLinuxOptions",
    level: "baseline",
    versions: [{ since: 0, check: seLinuxOptions(...SELINUX_TYPES) }, { since: 31, check: seLinuxOptions(...SELINUX_TYPES, "container_engine_t") }],
  },
  { id: "seccompProfile_baseline", level: "baseline", versions: [{ since: 0, check: seccompAnnotations }, { since: 19, check: seccompProfile }] },
  {
    id: "sysctls",
    level: "baseline",
    versions: [
      { since: 0, check: sysctls(...SYSCTLS) },
      { since: 27, check: sysctls(...SYSCTLS_27) },
      { since: 29, check: sysctls(...SYSCTLS_29) },
      { since: 32, check: sysctls(...SYSCTLS_32) },
      { since: 37, check: sysctls(...SYSCTLS_37) },
    ],
  },
  { id: "windowsHostProcess", level: "baseline", versions: [{ since: 0, check: windowsHostProcess }] },
];

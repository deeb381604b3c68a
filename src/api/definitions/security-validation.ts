/**
 * The security contexts of pods and containers.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (validatePodSpecSecurityContext, ValidateSecurityContext)
 */
import type { FieldError } from "../errors.ts";
import type { Container, PodSpec } from "../types.ts";
import { duplicate, forbidden, invalid, invalidFor, notSupported, required, tooLong, validateOneOf } from "./field-errors.ts";
import { dns1123Subdomain, unixId } from "./names.ts";
import { validateRelativePath } from "./volume-validation.ts";

type PodSecurity = NonNullable<PodSpec["securityContext"]>;
type ContainerSecurity = NonNullable<Container["securityContext"]>;
type Sysctl = NonNullable<PodSecurity["sysctls"]>[number];
type Profile = NonNullable<PodSecurity["appArmorProfile"]>;
type WindowsOptions = NonNullable<PodSecurity["windowsOptions"]>;

const PROFILES = ["Localhost", "RuntimeDefault", "Unconfined"];
/** As long as a path may be. */
const MAX_PROFILE_BYTES = 4095;
const MAX_SYSCTL_LENGTH = 253;
const SYSCTL_SEGMENT = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const SYSCTL = `^(${SYSCTL_SEGMENT}[\\./])*${SYSCTL_SEGMENT}$`;
const IPC_SYSCTLS = ["kernel/sem", "kernel/shm", "kernel/msg", "fs/mqueue/"];
const MAX_CREDENTIAL_SPEC_KIB = 64;

export function validatePodSecurityContext({ securityContext, shareProcessNamespace, hostPID, hostNetwork, hostIPC }: PodSpec, field: string): FieldError[] {
  if (!securityContext) return [];
  const { fsGroup, runAsUser, runAsGroup, supplementalGroups = [], sysctls = [] } = securityContext;
  return [
    ...validateIds({ fsGroup, runAsUser, runAsGroup }, field),
    ...supplementalGroups.flatMap((id, i) => invalidFor(`${field}.supplementalGroups[${i}]`, id, unixId(id))),
    ...(shareProcessNamespace && hostPID ? [invalid(`${field}.shareProcessNamespace`, true, "ShareProcessNamespace and HostPID cannot both be enabled")] : []),
    ...validateSysctls(sysctls, { hostNetwork, hostIPC }, `${field}.sysctls`),
    ...validateOneOf(`${field}.fsGroupChangePolicy`, securityContext.fsGroupChangePolicy, ["Always", "OnRootMismatch"]),
    ...validateSeccompProfile(securityContext.seccompProfile, `${field}.seccompProfile`),
    ...validateWindowsOptions(securityContext.windowsOptions, `${field}.windowsOptions`),
    ...validateAppArmorProfile(securityContext.appArmorProfile, `${field}.appArmorProfile`),
    ...validateOneOf(`${field}.supplementalGroupsPolicy`, securityContext.supplementalGroupsPolicy, ["Merge", "Strict"]),
    ...validateOneOf(`${field}.seLinuxChangePolicy`, securityContext.seLinuxChangePolicy, ["MountOption", "Recursive"]),
  ];
}

/** `hostUsers`: whether the pod's users are the host's. */
export function validateContainerSecurityContext(context: ContainerSecurity | undefined, hostUsers: boolean, field: string): FieldError[] {
  if (!context) return [];
  const { runAsUser, runAsGroup, procMount, allowPrivilegeEscalation, privileged, capabilities } = context;
  const errors = [...validateIds({ runAsUser, runAsGroup }, field), ...validateOneOf(`${field}.procMount`, procMount, ["Default", "Unmasked"])];
  if (hostUsers && procMount === "Unmasked") errors.push(invalid(`${field}.procMount`, procMount, "`hostUsers` must be false to use `Unmasked`"));
  errors.push(...validateSeccompProfile(context.seccompProfile, `${field}.seccompProfile`));
  if (allowPrivilegeEscalation === false) {
    if (privileged) errors.push(invalid(field, context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"));
    if (capabilities?.add?.includes("CAP_SYS_ADMIN")) errors.push(invalid(field, context, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"));
  }
  return [
    ...errors,
    ...validateWindowsOptions(context.windowsOptions, `${field}.windowsOptions`),
    ...validateAppArmorProfile(context.appArmorProfile, `${field}.appArmorProfile`),
  ];
}

function validateIds(ids: Record<string, number | undefined>, field: string): FieldError[] {
  return Object.entries(ids).flatMap(([name, id]) => (id === undefined ? [] : invalidFor(`${field}.${name}`, id, unixId(id))));
}

function validateSysctls(sysctls: Sysctl[], host: { hostNetwork: boolean | undefined; hostIPC: boolean | undefined }, field: string): FieldError[] {
  const names = new Set<string>();
  return sysctls.flatMap(({ name }, i) => {
    const path = `${field}[${i}].name`;
    const errors: FieldError[] = [];
    if (!name) errors.push(required(path));
    else if (name.length > MAX_SYSCTL_LENGTH || !new RegExp(SYSCTL).test(name)) errors.push(invalid(path, name, `must have at most ${MAX_SYSCTL_LENGTH} characters and match regex ${SYSCTL}`));
    else if (names.has(name)) errors.push(duplicate(path, name));
    names.add(name);
    const file = sysctlFile(name);
    if (host.hostNetwork && file.startsWith("net/")) errors.push(invalid(path, name, "may not be specified when 'hostNetwork' is true"));
    if (host.hostIPC && IPC_SYSCTLS.some((prefix) => file.startsWith(prefix))) errors.push(invalid(path, name, "may not be specified when 'hostIPC' is true"));
    return errors;
  });
}

/** Where it is below /proc/sys: names come with dots or with slashes, whichever is first. */
function sysctlFile(name: string): string {
  const first = /[./]/.exec(name)?.[0];
  return first === "." ? name.replace(/[./]/g, (separator) => (separator === "." ? "/" : ".")) : name;
}

function validateSeccompProfile(profile: PodSecurity["seccompProfile"], field: string): FieldError[] {
  if (!profile) return [];
  const { type, localhostProfile } = profile;
  const errors = type ? validateOneOf(`${field}.type`, type, PROFILES) : [required(`${field}.type`, "type is required when seccompProfile is set")];
  const path = `${field}.localhostProfile`;
  if (type !== "Localhost") return localhostProfile === undefined ? errors : [...errors, invalid(path, profile, "can only be set when seccomp type is Localhost")];
  if (localhostProfile === undefined) return [...errors, required(path, "must be set when seccomp type is Localhost")];
  return [...errors, ...validateRelativePath(localhostProfile, path)];
}

function validateAppArmorProfile(profile: Profile | undefined, field: string): FieldError[] {
  if (!profile) return [];
  const { type, localhostProfile } = profile;
  const path = `${field}.localhostProfile`;
  switch (type) {
    case "Localhost": {
      const missing = required(path, "must be set when AppArmor type is Localhost");
      if (localhostProfile === undefined || localhostProfile === "") return [missing];
      const padded = localhostProfile.trim() === localhostProfile ? [] : [invalid(path, localhostProfile, "must not be padded with whitespace")];
      return Buffer.byteLength(localhostProfile) > MAX_PROFILE_BYTES ? [...padded, tooLong(path, MAX_PROFILE_BYTES)] : padded;
    }
    case "RuntimeDefault":
    case "Unconfined":
      return localhostProfile === undefined ? [] : [invalid(path, localhostProfile, "can only be set when AppArmor type is Localhost")];
    case "":
      return [required(`${field}.type`, "type is required when appArmorProfile is set")];
    default:
      return [notSupported(`${field}.type`, type, PROFILES)];
  }
}

function validateWindowsOptions(options: WindowsOptions | undefined, field: string): FieldError[] {
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec } = options ?? {};
  const errors = name === undefined ? [] : invalidFor(`${field}.gmsaCredentialSpecName`, name, dns1123Subdomain(name));
  if (spec === "") errors.push(invalid(`${field}.gmsaCredentialSpec`, spec, "gmsaCredentialSpec cannot be an empty string"));
  if (Buffer.byteLength(spec ?? "") > MAX_CREDENTIAL_SPEC_KIB * 1024) {
    errors.push(invalid(`${field}.gmsaCredentialSpec`, spec, `gmsaCredentialSpec size must be under ${MAX_CREDENTIAL_SPEC_KIB} KiB`));
  }
  return errors;
}

/** What pods of the other system can't have. */
const NOT_ON_WINDOWS = {
  pod: ["appArmorProfile", "seLinuxOptions", "seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls", "runAsUser", "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy"],
  container: ["appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged", "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup"],
} as const;

export function validateOs(spec: PodSpec, field: string): FieldError[] {
  if (!spec.os) return [];
  const { name } = spec.os;
  if (!name) return [required(`${field}.os.name`, "cannot be empty")];
  if (name === "linux") return onlyFor(spec, field, { pod: ["windowsOptions"], container: ["windowsOptions"] }, "windows options cannot be set for a linux pod");
  if (name !== "windows") return [notSupported(`${field}.os`, name, ["linux", "windows"])];
  const detail = "cannot be set for a windows pod";
  return [
    ...(["hostUsers", "hostPID", "hostIPC", "shareProcessNamespace"] as const).flatMap((flag) => (spec[flag] === undefined ? [] : [forbidden(`${field}.${flag}`, detail)])),
    ...onlyFor(spec, field, NOT_ON_WINDOWS, detail),
  ];
}

function onlyFor(spec: PodSpec, field: string, names: { pod: readonly string[]; container: readonly string[] }, detail: string): FieldError[] {
  const set = (context: object | undefined, path: string, list: readonly string[]): FieldError[] =>
    list.flatMap((name) => (context && (context as Record<string, unknown>)[name] !== undefined ? [forbidden(`${path}.securityContext.${name}`, detail)] : []));
  const { initContainers, containers, ephemeralContainers } = spec;
  return [
    ...set(spec.securityContext, field, names.pod),
    ...Object.entries({ initContainers, containers, ephemeralContainers }).flatMap(([list, items]) =>
      (items ?? []).flatMap(({ securityContext }, i) => set(securityContext, `${field}.${list}[${i}]`, names.container)),
    ),
  ];
}

/**
 * What the restricted level asks for beyond the baseline.
 * @see https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
 */
import type { PodSpec, Volume } from "#api/types.ts";
import { allContainers, badSettings, containersWith, counted, isSafeSeccompType, named, procMount, quoted, seccompProfile, setters, sorted, unlessInUserNamespace, type Check, type CheckFunction } from "./checks.ts";

/** Windows knows none of these settings, and validation refuses them there. */
function unlessOnWindows(check: CheckFunction): CheckFunction {
  return (metadata, spec) => (spec.os?.name === "windows" ? undefined : check(metadata, spec));
}

const allowPrivilegeEscalation: CheckFunction = (_metadata, spec) => {
  const containers = containersWith(spec, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
  if (containers.length === 0) return undefined;
  return { reason: "allowPrivilegeEscalation != false", detail: `${named("container", containers)} must set securityContext.allowPrivilegeEscalation=false` };
};

const capabilities: CheckFunction = (_metadata, spec) => {
  const keeping = containersWith(spec, ({ securityContext }) => !securityContext?.capabilities?.drop?.includes("ALL"));
  const forbidden = (added: string[] | undefined): string[] => (added ?? []).filter((name) => name !== "NET_BIND_SERVICE");
  const adding = containersWith(spec, ({ securityContext }) => forbidden(securityContext?.capabilities?.add).length > 0);
  const names = sorted(allContainers(spec).flatMap(({ securityContext }) => forbidden(securityContext?.capabilities?.add)));
  const details = [
    ...(keeping.length > 0 ? [`${named("container", keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0 ? [`${named("container", adding)} must not include ${quoted(names)} in securityContext.capabilities.add`] : []),
  ];
  return details.length > 0 ? { reason: "unrestricted capabilities", detail: details.join("; ") } : undefined;
};

const ALLOWED_VOLUMES = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"];
const KNOWN_VOLUMES = [
  "hostPath",
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "gitRepo",
  "nfs",
  "iscsi",
  "glusterfs",
  "rbd",
  "flexVolume",
  "cinder",
  "cephfs",
  "flocker",
  "fc",
  "azureFile",
  "vsphereVolume",
  "quobyte",
  "azureDisk",
  "photonPersistentDisk",
  "portworxVolume",
  "scaleIO",
  "storageos",
];

const restrictedVolumes: CheckFunction = (_metadata, spec) => {
  const has = (volume: Volume, types: string[]): string | undefined => types.find((type) => (volume as unknown as Record<string, unknown>)[type]);
  const bad = (spec.volumes ?? []).filter((volume) => !has(volume, ALLOWED_VOLUMES));
  if (bad.length === 0) return undefined;
  const types = sorted(bad.map((volume) => has(volume, KNOWN_VOLUMES) ?? "unknown"));
  const names = bad.map(({ name }) => name);
  return { reason: "restricted volume types", detail: `${named("volume", names)} ${names.length === 1 ? "uses" : "use"} ${counted("restricted volume type", types.length)} ${quoted(types)}` };
};

const runAsNonRoot: CheckFunction = (_metadata, spec) => {
  const { podIsBad, containers } = badSettings(spec, (context) => context.runAsNonRoot, (nonRoot) => nonRoot);
  const who = setters(podIsBad, containers);
  if (who) return { reason: "runAsNonRoot != true", detail: `${who} must not set securityContext.runAsNonRoot=false` };
  if (spec.securityContext?.runAsNonRoot) return undefined;
  const silent = containersWith(spec, ({ securityContext }) => securityContext?.runAsNonRoot === undefined);
  if (silent.length === 0) return undefined;
  return { reason: "runAsNonRoot != true", detail: `pod or ${named("container", silent)} must set securityContext.runAsNonRoot=true` };
};

const runAsUser: CheckFunction = (_metadata, spec) => {
  const { podIsBad, containers } = badSettings(spec, (context) => context.runAsUser, (user) => user !== 0);
  const who = setters(podIsBad, containers);
  return who ? { reason: "runAsUser=0", detail: `${who} must not set runAsUser=0` } : undefined;
};

const seccompRequired: CheckFunction = (metadata, spec) => {
  const bad = seccompProfile(metadata, spec);
  if (bad) return bad;
  if (isSafe(spec)) return undefined;
  const silent = containersWith(spec, ({ securityContext }) => !securityContext?.seccompProfile);
  if (silent.length === 0) return undefined;
  return { reason: "seccompProfile", detail: `pod or ${named("container", silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"` };
};

function isSafe({ securityContext }: PodSpec): boolean {
  return isSafeSeccompType(securityContext?.seccompProfile?.type ?? "");
}

/** In the order of their ids; they are told after the baseline's. */
export const RESTRICTED: Check[] = [
  { id: "allowPrivilegeEscalation", level: "restricted", versions: [{ since: 8, check: allowPrivilegeEscalation }, { since: 25, check: unlessOnWindows(allowPrivilegeEscalation) }] },
  {
    id: "capabilities_restricted",
    level: "restricted",
    versions: [
      { since: 22, check: capabilities, overrides: "capabilities_baseline" },
      { since: 25, check: unlessOnWindows(capabilities), overrides: "capabilities_baseline" },
    ],
  },
  { id: "procMount_restricted", level: "restricted", versions: [{ since: 35, check: procMount, overrides: "procMount" }] },
  { id: "restrictedVolumes", level: "restricted", versions: [{ since: 0, check: restrictedVolumes, overrides: "hostPathVolumes" }] },
  { id: "runAsNonRoot", level: "restricted", versions: [{ since: 0, check: runAsNonRoot }, { since: 35, check: unlessInUserNamespace(runAsNonRoot) }] },
  { id: "runAsUser", level: "restricted", versions: [{ since: 23, check: runAsUser }, { since: 35, check: unlessInUserNamespace(runAsUser) }] },
  {
    id: "seccompProfile_restricted",
    level: "restricted",
    versions: [
      { since: 19, check: seccompRequired, overrides: "seccompProfile_baseline" },
      { since: 25, check: unlessOnWindows(seccompRequired), overrides: "seccompProfile_baseline" },
    ],
  },
];

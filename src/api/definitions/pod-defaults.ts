/**
 * The defaults of pods and of the pod templates inside other kinds.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/v1/defaults.go
 */
import type { Container, Lifecycle, LifecycleHandler, Pod, PodSpec, PodTemplateSpec, Probe, Volume } from "../types.ts";
import { setClaimSpecDefaults } from "./persistent-volume-claim-defaults.ts";

/** The mode of files that configMap, secret, downwardAPI and projected volumes make: 0644. */
const FILE_MODE = 0o644;

/** What only a pod itself gets, after {@link setPodSpecDefaults}. */
export function setPodDefaults({ spec }: Pod): void {
  setPodSpecDefaults(spec);
  for (const container of allContainers(spec)) {
    const { resources } = container;
    if (resources?.limits) resources.requests = { ...resources.limits, ...resources.requests };
  }
  spec.enableServiceLinks ??= true;
}

/** The template of a kind that has one; where it's absent, an empty one takes its place and fails validation. */
export function setTemplateDefaults(spec: { template?: PodTemplateSpec }): void {
  spec.template ??= {};
  spec.template.spec ??= { containers: [] };
  setPodSpecDefaults(spec.template.spec);
}

/** What pods and templates get. */
function setPodSpecDefaults(spec: PodSpec): void {
  spec.containers ??= [];
  spec.dnsPolicy ||= "ClusterFirst";
  spec.restartPolicy ||= "Always";
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ||= "default-scheduler";
  // `serviceAccount` is the old name of the field; both are kept in step.
  spec.serviceAccountName ||= spec.serviceAccount;
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  else delete spec.serviceAccountName;
  for (const container of allContainers(spec)) {
    setContainerDefaults(container);
    // A pod on its node's network has its ports there.
    if (spec.hostNetwork) for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
  }
  for (const volume of spec.volumes ?? []) setVolumeDefaults(volume);
}

function allContainers(spec: PodSpec): Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers, ...((spec.ephemeralContainers ?? []) as Container[])];
}

function setContainerDefaults(container: Container): void {
  container.resources ??= {};
  container.terminationMessagePath ||= "/dev/termination-log";
  container.terminationMessagePolicy ||= "File";
  container.imagePullPolicy ||= tagOf(container.image ?? "") === "latest" ? "Always" : "IfNotPresent";
  for (const port of container.ports ?? []) port.protocol ||= "TCP";
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ||= "v1";
    if (valueFrom?.resourceFieldRef) valueFrom.resourceFieldRef.divisor ||= "0";
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) if (probe) setProbeDefaults(probe);
  if (container.lifecycle) setLifecycleDefaults(container.lifecycle);
}

/** The tag that an image reference means: `latest` where it has neither tag nor digest. */
function tagOf(image: string): string {
  if (image.includes("@")) return "";
  const colon = image.indexOf(":", image.lastIndexOf("/") + 1);
  return colon < 0 ? "latest" : image.slice(colon + 1);
}

function setProbeDefaults(probe: Probe): void {
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  if (probe.grpc) probe.grpc.service ??= "";
  setHttpDefaults(probe);
}

function setLifecycleDefaults(lifecycle: Lifecycle): void {
  for (const handler of [lifecycle.postStart, lifecycle.preStop]) if (handler) setHttpDefaults(handler);
}

function setHttpDefaults({ httpGet }: Pick<LifecycleHandler, "httpGet">): void {
  if (!httpGet) return;
  httpGet.path ||= "/";
  httpGet.scheme ||= "HTTP";
}

function setVolumeDefaults(volume: Volume): void {
  if (Object.keys(volume).every((key) => key === "name")) volume.emptyDir = {};
  for (const source of [volume.configMap, volume.secret, volume.downwardAPI, volume.projected]) if (source) source.defaultMode ??= FILE_MODE;
  if (volume.hostPath) volume.hostPath.type ??= "";
  for (const item of volume.downwardAPI?.items ?? []) setDownwardDefaults(item);
  for (const { serviceAccountToken, downwardAPI } of volume.projected?.sources ?? []) {
    if (serviceAccountToken) serviceAccountToken.expirationSeconds ??= 3600;
    for (const item of downwardAPI?.items ?? []) setDownwardDefaults(item);
  }
  if (volume.ephemeral?.volumeClaimTemplate?.spec) setClaimSpecDefaults(volume.ephemeral.volumeClaimTemplate.spec);
}

type DownwardItem = NonNullable<NonNullable<Volume["downwardAPI"]>["items"]>[number];

function setDownwardDefaults({ fieldRef, resourceFieldRef }: DownwardItem): void {
  if (fieldRef) fieldRef.apiVersion ||= "v1";
  if (resourceFieldRef) resourceFieldRef.divisor ||= "0";
}

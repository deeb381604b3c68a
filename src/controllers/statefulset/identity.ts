/**
 * Who a pod of a StatefulSet is: its ordinal, its name, its storage.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/statefulset/stateful_set_utils.go
 */
import { controllerReference } from "#api/resources.ts";
import type { PersistentVolumeClaim, Pod, PodTemplateSpec, StatefulSet } from "#api/types.ts";
import { REVISION_LABEL } from "../common/history.ts";
import { podFromTemplate } from "../common/pods.ts";

const POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name";
const POD_INDEX_LABEL = "apps.kubernetes.io/pod-index";

/** The number at the end of the pod's name, or -1 when it isn't a name the set would give. */
export function ordinalOf(set: StatefulSet, pod: Pod): number {
  const prefix = `${set.metadata.name}-`;
  const { name = "" } = pod.metadata;
  const digits = name.startsWith(prefix) ? name.slice(prefix.length) : "";
  return /^(0|[1-9]\d*)$/.test(digits) ? Number(digits) : -1;
}

export function startOrdinal(set: StatefulSet): number {
  return set.spec.ordinals?.start ?? 0;
}

/** The pod with this ordinal, made from a revision's template. */
export function newPod(set: StatefulSet, template: PodTemplateSpec, revision: string, ordinal: number): Pod {
  const pod = podFromTemplate(template, set);
  const name = `${set.metadata.name}-${ordinal}`;
  pod.metadata.name = name;
  pod.metadata.labels = { ...pod.metadata.labels, ...identityLabels(name, ordinal), [REVISION_LABEL]: revision };
  pod.spec.hostname = name;
  if (set.spec.serviceName) pod.spec.subdomain = set.spec.serviceName;
  const claims = claimsOf(set, ordinal);
  const others = (pod.spec.volumes ?? []).filter((volume) => !claims.some(({ volumeName }) => volumeName === volume.name));
  if (claims.length > 0) {
    const volumes = claims.map(({ volumeName, claim }) => ({ name: volumeName, persistentVolumeClaim: { claimName: claim.metadata.name! } }));
    pod.spec.volumes = [...volumes, ...others];
  }
  return pod;
}

/** The labels by which Services and people find one pod of the set. */
export function identityLabels(name: string, ordinal: number): Record<string, string> {
  return { [POD_NAME_LABEL]: name, [POD_INDEX_LABEL]: String(ordinal) };
}

/** The claims of one ordinal, and the volume each stands for. They outlive the pod; its successor gets them again. */
export function claimsOf(set: StatefulSet, ordinal: number): { volumeName: string; claim: PersistentVolumeClaim }[] {
  return (set.spec.volumeClaimTemplates ?? []).map((template) => {
    const { name: volumeName = "", labels, annotations } = template.metadata ?? {};
    return {
      volumeName,
      claim: {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: {
          name: `${volumeName}-${set.metadata.name}-${ordinal}`,
          namespace: set.metadata.namespace!,
          labels: { ...labels, ...set.spec.selector.matchLabels },
          ...(annotations ? { annotations } : {}),
          ...(set.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === "Delete" ? { ownerReferences: [ownerReference(set)] } : {}),
        },
        spec: structuredClone(template.spec ?? {}),
      },
    };
  });
}

/** A claim is owned, not controlled: the garbage collector removes it with its owner. */
export function ownerReference(owner: StatefulSet | Pod): ReturnType<typeof controllerReference> {
  const { apiVersion, kind, name, uid } = controllerReference(owner);
  return { apiVersion, kind, name, uid };
}

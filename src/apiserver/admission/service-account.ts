/**
 * Pods run as a service account and get its token in a projected volume.
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/admission/serviceaccount/admission.go
 */
import { randomSuffix, type Rng } from "#lib/random.ts";
import { forbidden } from "#api/errors.ts";
import type { Container, Pod, ServiceAccount, Volume } from "#api/types.ts";
import type { AdmissionPlugin } from "./admission.ts";

export const TOKEN_MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
const VOLUME_PREFIX = "kube-api-access-";
/** An hour and seven seconds: recognizable, as upstream's. */
const TOKEN_EXPIRATION_SECONDS = 3607;
/** The annotation of mirror pods, which kubelets make for static pods. */
const MIRROR_POD = "kubernetes.io/config.mirror";

export function serviceAccountAdmission(
  findServiceAccount: (namespace: string, name: string) => ServiceAccount | undefined,
  rng: Rng,
): AdmissionPlugin {
  return {
    name: "ServiceAccount",
    admit({ operation, definition, subresource, namespace, object }) {
      if (operation !== "CREATE" || definition.kind !== "Pod" || definition.group !== "" || subresource !== "") return;
      const pod = object as Pod;
      if (pod.metadata.annotations?.[MIRROR_POD] !== undefined) return;
      const { spec } = pod;
      spec.serviceAccountName ||= spec.serviceAccount || "default";
      spec.serviceAccount = spec.serviceAccountName;
      const account = findServiceAccount(namespace, spec.serviceAccountName);
      if (!account) {
        throw forbidden(
          { resource: "pods", name: pod.metadata.name },
          `error looking up service account ${namespace}/${spec.serviceAccountName}: serviceaccount "${spec.serviceAccountName}" not found`,
        );
      }
      if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(pod, rng);
      if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
        spec.imagePullSecrets = account.imagePullSecrets.map(({ name = "" }) => ({ name }));
      }
    },
  };
}

function mountToken(pod: Pod, rng: Rng): void {
  const { spec } = pod;
  const containers: Container[] = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const without = containers.filter(({ volumeMounts }) => !volumeMounts?.some(({ mountPath }) => mountPath === TOKEN_MOUNT_PATH));
  if (without.length === 0) return;
  let volume = spec.volumes?.find(({ name, projected }) => name.startsWith(VOLUME_PREFIX) && projected)?.name;
  if (volume === undefined) {
    volume = VOLUME_PREFIX + randomSuffix(rng);
    spec.volumes = [...(spec.volumes ?? []), tokenVolume(volume)];
  }
  for (const container of without) {
    container.volumeMounts = [...(container.volumeMounts ?? []), { name: volume, readOnly: true, mountPath: TOKEN_MOUNT_PATH }];
  }
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_EXPIRATION_SECONDS, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        { downwardAPI: { items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }] } },
      ],
    },
  };
}

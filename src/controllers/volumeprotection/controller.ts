/**
 * Keeps claims that pods use, and volumes that claims use, from vanishing under them.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/volume/pvcprotection/pvc_protection_controller.go
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/volume/pvprotection/pv_protection_controller.go
 */
import { keyOf, persistentVolumeClaims, persistentVolumes, pods, type Resource } from "#api/resources.ts";
import type { KubeObject, Pod } from "#api/types.ts";
import type { Client } from "#client/client.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { isTerminal } from "../common/pods.ts";
import { guardedFinalizers } from "./plan.ts";

const CLAIM_FINALIZER = "kubernetes.io/pvc-protection";
const VOLUME_FINALIZER = "kubernetes.io/pv-protection";
const BY_CLAIM = "claim";

export function startVolumeProtectionController(context: ControllerContext): Controller {
  const ofClaims = component(context, "persistentvolumeclaim-protection-controller", "pvc-protection-controller").client;
  const ofVolumes = component(context, "persistentvolume-protection-controller", "pv-protection-controller").client;
  const claimInformer = context.informers.for(persistentVolumeClaims);
  const volumeInformer = context.informers.for(persistentVolumes);
  const podInformer = context.informers.for(pods);
  podInformer.index(BY_CLAIM, claimKeysOf);

  /** Keys are `NAMESPACE/NAME` of a claim or `NAME` of a volume. */
  async function reconcile(key: string): Promise<void> {
    const claim = claimInformer.get(key);
    if (claim) return guard(ofClaims, persistentVolumeClaims, claim, CLAIM_FINALIZER, claim.metadata.deletionTimestamp !== undefined && (await isUsed(key)));
    const volume = volumeInformer.get(key);
    if (volume) return guard(ofVolumes, persistentVolumes, volume, VOLUME_FINALIZER, volume.status?.phase === "Bound");
  }

  async function isUsed(key: string): Promise<boolean> {
    if (podInformer.byIndex(BY_CLAIM, key).some(uses)) return true;
    // A pod the local copy doesn't show yet counts, too: ask the server before letting go.
    const { items } = await ofClaims.list(pods, { namespace: key.slice(0, key.indexOf("/")) });
    return items.some((pod) => uses(pod) && claimKeysOf(pod).includes(key));
  }

  async function guard<T extends KubeObject>(client: Client, resource: Resource<T>, object: T, finalizer: string, inUse: boolean): Promise<void> {
    const finalizers = guardedFinalizers(object, finalizer, inUse);
    if (finalizers.length === (object.metadata.finalizers ?? []).length) return;
    await client.update(resource, { ...object, metadata: { ...object.metadata, finalizers } });
  }

  return startController({
    name: "volume-protection-controller",
    clock: context.clock,
    log: context.log,
    sources: [source(claimInformer, (claim) => [keyOf(claim)]), source(volumeInformer), source(podInformer, claimKeysOf)],
    reconcile,
  });
}

/** Whether the pod holds on to its claims: one that has ended, or never got a node, doesn't. */
function uses(pod: Pod): boolean {
  return !isTerminal(pod) && Boolean(pod.spec.nodeName);
}

function claimKeysOf(pod: Pod): string[] {
  return (pod.spec.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim) return [`${pod.metadata.namespace}/${volume.persistentVolumeClaim.claimName}`];
    return volume.ephemeral ? [`${pod.metadata.namespace}/${pod.metadata.name}-${volume.name}`] : [];
  });
}

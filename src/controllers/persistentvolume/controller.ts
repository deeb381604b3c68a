/**
 * Binds claims to volumes, makes volumes for claims, and reclaims them; the decisions are in plan.ts.
 * Keys are `claim/NAMESPACE/NAME` and `volume/NAME`: one queue, so that no volume is given twice.
 */
import { errorMessage } from "#lib/log.ts";
import { isAlreadyExists } from "#api/errors.ts";
import { keyOf, persistentVolumeClaims, persistentVolumes, storageClasses } from "#api/resources.ts";
import type { ObjectReference, PersistentVolume, PersistentVolumeClaim } from "#api/types.ts";
import { Assumed } from "#client/assumed.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { deleteExactly } from "../common/effects.ts";
import { newVolume, removeVolumeDirectory, STANDARD_CLASS } from "./localpath.ts";
import { isBindCompleted, planClaim, planVolume, PROVISIONER, type ClaimPlan } from "./plan.ts";

const BIND_COMPLETED = "pv.kubernetes.io/bind-completed";
const BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller";

/** `directory`: where volumes live. */
export function startPersistentVolumeController(context: ControllerContext, directory: string): Controller {
  const { client, events } = component(context, "persistentvolume-controller");
  const claimInformer = context.informers.for(persistentVolumeClaims);
  const volumeInformer = context.informers.for(persistentVolumes);
  const classInformer = context.informers.for(storageClasses);
  const claims = new Assumed(claimInformer);
  const volumes = new Assumed(volumeInformer);
  /** The last thing said about a waiting claim, by uid: said once, not at every look. */
  const said = new Map<string, string>();

  const claimKey = (key: string): string => `claim/${key}`;
  const volumeKey = (name: string): string => `volume/${name}`;
  const unboundClaims = (): string[] => claimInformer.list().filter((claim) => claim.status?.phase !== "Bound").map((claim) => claimKey(keyOf(claim)));
  const referenceKey = ({ namespace, name }: ObjectReference): string => `${namespace}/${name}`;

  async function reconcile(key: string): Promise<void> {
    const name = key.slice(key.indexOf("/") + 1);
    if (key.startsWith("claim/")) await reconcileClaim(name);
    else await reconcileVolume(name);
  }

  async function reconcileClaim(key: string): Promise<void> {
    const claim = claims.get(key);
    if (!claim) return;
    const plan = planClaim({ claim, volumes: volumes.apply(volumeInformer.list(), () => true), classes: classInformer.list() });
    if (plan.action !== "wait") said.delete(claim.metadata.uid!);
    await carryOut(claim, plan);
  }

  async function carryOut(claim: PersistentVolumeClaim, plan: ClaimPlan): Promise<void> {
    switch (plan.action) {
      case "wait":
        if (plan.event && said.get(claim.metadata.uid!) !== plan.event.message) {
          said.set(claim.metadata.uid!, plan.event.message);
          events.event(claim, plan.event.type, plan.event.reason, plan.event.message);
        }
        return;
      case "setClass": {
        const updated = await client.update(persistentVolumeClaims, { ...claim, spec: { ...claim.spec, storageClassName: plan.storageClassName } });
        claims.wrote(updated);
        return reconcileClaim(keyOf(updated));
      }
      case "provision":
        return provision(claim, newVolume(claim, plan.storageClass, directory));
      case "bind":
        return bind(claim, plan.volume);
      case "lost":
        claims.wrote(await client.updateStatus(persistentVolumeClaims, { ...claim, status: { ...claim.status, phase: "Lost" } }));
        events.event(claim, "Warning", "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
    }
  }

  async function provision(claim: PersistentVolumeClaim, wanted: PersistentVolume): Promise<void> {
    events.event(claim, "Normal", "Provisioning", `External provisioner is provisioning volume for claim "${keyOf(claim)}"`);
    let volume: PersistentVolume;
    try {
      volume = await client.create(persistentVolumes, wanted);
    } catch (error) {
      if (!isAlreadyExists(error)) {
        events.event(claim, "Warning", "ProvisioningFailed", `failed to provision volume with StorageClass "${wanted.spec.storageClassName}": ${errorMessage(error)}`);
        throw error;
      }
      volume = await client.get(persistentVolumes, wanted.metadata.name!);
    }
    volumes.wrote(volume);
    events.event(claim, "Normal", "ProvisioningSucceeded", `Successfully provisioned volume ${volume.metadata.name}`);
    await bind(claim, volume);
  }

  /** Four writes in upstream's order; each can be the last before a crash, and the next round goes on from there. */
  async function bind(claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> {
    const { name, namespace, uid } = claim.metadata;
    let bound = volume;
    if (volume.spec.claimRef?.uid !== uid) {
      const claimRef = { apiVersion: "v1", kind: "PersistentVolumeClaim", name: name!, namespace: namespace!, uid: uid! };
      // A reservation made by people is theirs to keep; one made here is ours to undo.
      const annotations = volume.spec.claimRef ? volume.metadata.annotations : { ...volume.metadata.annotations, [BOUND_BY_CONTROLLER]: "yes" };
      bound = await client.update(persistentVolumes, { ...volume, metadata: { ...volume.metadata, ...(annotations ? { annotations } : {}) }, spec: { ...volume.spec, claimRef } });
      volumes.wrote(bound);
    }
    if (bound.status?.phase !== "Bound") volumes.wrote(await client.updateStatus(persistentVolumes, { ...bound, status: { ...bound.status, phase: "Bound" } }));
    let current = claim;
    if (claim.spec.volumeName !== volume.metadata.name || !isBindCompleted(claim)) {
      const annotations = {
        ...claim.metadata.annotations,
        [BIND_COMPLETED]: "yes",
        ...(claim.spec.volumeName ? {} : { [BOUND_BY_CONTROLLER]: "yes" }),
        ...(volume.metadata.annotations?.["pv.kubernetes.io/provisioned-by"] === PROVISIONER ? { "volume.kubernetes.io/storage-provisioner": PROVISIONER } : {}),
      };
      current = await client.update(persistentVolumeClaims, { ...claim, metadata: { ...claim.metadata, annotations }, spec: { ...claim.spec, volumeName: volume.metadata.name! } });
    }
    const status = { ...current.status, phase: "Bound", accessModes: volume.spec.accessModes!, capacity: volume.spec.capacity! };
    claims.wrote(await client.updateStatus(persistentVolumeClaims, { ...current, status }));
  }

  async function reconcileVolume(name: string): Promise<void> {
    const volume = volumes.get(name);
    if (!volume || volume.metadata.deletionTimestamp) return;
    const { claimRef } = volume.spec;
    let claim = claimRef ? claims.get(referenceKey(claimRef)) : undefined;
    // The local copy may not show the claim yet: data is only given up on the server's word.
    if (claimRef?.uid && claim?.metadata.uid !== claimRef.uid) claim = await client.find(persistentVolumeClaims, claimRef.name!, claimRef.namespace);
    const plan = planVolume(volume, claim);
    if (plan.action === "keep") {
      if (volume.status?.phase !== plan.phase) volumes.wrote(await client.updateStatus(persistentVolumes, { ...volume, status: { ...volume.status, phase: plan.phase } }));
      return;
    }
    const released = volume.status?.phase === "Released" ? volume : await client.updateStatus(persistentVolumes, { ...volume, status: { ...volume.status, phase: "Released" } });
    try {
      await removeVolumeDirectory(volume, directory);
    } catch (error) {
      events.event(volume, "Warning", "VolumeFailedDelete", errorMessage(error));
      throw error;
    }
    await deleteExactly(client, persistentVolumes, released, {}, volumes);
  }

  /** The class that makes `kubectl apply` of a plain claim work. Made once at the start; who deletes it has it deleted until the next. */
  async function ensureStandardClass(): Promise<void> {
    try {
      await component(context, PROVISIONER, "local-path-provisioner").client.create(storageClasses, STANDARD_CLASS);
    } catch (error) {
      if (!isAlreadyExists(error)) context.log.warn("creating the storage class failed", { error: errorMessage(error) });
    }
  }
  void ensureStandardClass();

  return startController({
    name: "persistentvolume-controller",
    clock: context.clock,
    log: context.log,
    workers: 1,
    sources: [
      source(claimInformer, (claim) => [claimKey(keyOf(claim)), ...(claim.spec.volumeName ? [volumeKey(claim.spec.volumeName)] : [])]),
      source(volumeInformer, (volume) => [volumeKey(volume.metadata.name!), ...(volume.spec.claimRef ? [claimKey(referenceKey(volume.spec.claimRef))] : unboundClaims())]),
      source(classInformer, unboundClaims),
    ],
    reconcile,
  });
}

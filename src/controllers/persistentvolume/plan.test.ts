import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { goldenTests } from "#lib/golden.ts";
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from "#api/types.ts";
import { removeVolumeDirectory } from "./localpath.ts";
import { planClaim, planVolume, PROVISIONER, type ClaimPlan } from "./plan.ts";

interface VolumeCase {
  name: string;
  size?: string;
  class?: string;
  modes?: string[];
  labels?: Record<string, string>;
  phase?: string;
  claim?: { name: string; uid?: string };
  reclaim?: string;
  provisioned?: boolean;
  deleting?: boolean;
}

interface Case {
  claim?: { size?: string; class?: string | null; modes?: string[]; volume?: string; bound?: boolean; phase?: string; uid?: string; node?: string; selector?: Record<string, string>; block?: boolean; deleting?: boolean };
  volumes?: VolumeCase[];
  classes?: { name: string; provisioner?: string; wait?: boolean; default?: boolean; created?: string }[];
  /** When given, the fate of this volume is asked for instead of the claim's. */
  volume?: VolumeCase;
}

function claimOf({ size = "1Gi", class: name, modes = ["ReadWriteOnce"], volume, bound, phase = "Pending", uid = "claim-uid", node, selector, block, deleting }: NonNullable<Case["claim"]>): PersistentVolumeClaim {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name: "data",
      namespace: "shop",
      uid,
      annotations: { ...(bound ? { "pv.kubernetes.io/bind-completed": "yes" } : {}), ...(node ? { "volume.kubernetes.io/selected-node": node } : {}) },
      ...(deleting ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    },
    spec: {
      accessModes: modes,
      resources: { requests: { storage: size } },
      ...(name === null ? {} : { storageClassName: name ?? "standard" }),
      ...(volume ? { volumeName: volume } : {}),
      ...(selector ? { selector: { matchLabels: selector } } : {}),
      volumeMode: block ? "Block" : "Filesystem",
    },
    status: { phase },
  };
}

function volumeOf({ name, size = "1Gi", class: className = "standard", modes = ["ReadWriteOnce"], labels, phase = "Available", claim, reclaim = "Retain", provisioned, deleting }: VolumeCase): PersistentVolume {
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: {
      name,
      ...(labels ? { labels } : {}),
      ...(provisioned ? { annotations: { "pv.kubernetes.io/provisioned-by": PROVISIONER } } : {}),
      ...(deleting ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    },
    spec: {
      capacity: { storage: size },
      accessModes: modes,
      storageClassName: className,
      persistentVolumeReclaimPolicy: reclaim,
      ...(claim ? { claimRef: { namespace: "shop", ...claim } } : {}),
    },
    status: { phase },
  };
}

function shorten(plan: ClaimPlan): unknown {
  switch (plan.action) {
    case "wait":
      return plan.event ? `${plan.event.type} ${plan.event.reason}: ${plan.event.message}` : "wait";
    case "bind":
      return `bind ${plan.volume.metadata.name}`;
    case "provision":
      return `provision by ${plan.storageClass.metadata.name}`;
    case "setClass":
      return `use class ${plan.storageClassName}`;
    case "lost":
      return "lost";
  }
}

goldenTests<Case>(join(import.meta.dirname, "testdata"), ({ claim, volumes = [], classes = [{ name: "standard" }], volume }) => {
  if (volume) {
    const plan = planVolume(volumeOf(volume), claim ? claimOf(claim) : undefined);
    return plan.action === "keep" ? plan.phase : plan.action;
  }
  const known = classes.map(({ name, provisioner = PROVISIONER, wait, default: isDefault, created = "2026-01-01T00:00:00Z" }): StorageClass => ({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name, creationTimestamp: created, ...(isDefault ? { annotations: { "storageclass.kubernetes.io/is-default-class": "true" } } : {}) },
    provisioner,
    volumeBindingMode: wait ? "WaitForFirstConsumer" : "Immediate",
  }));
  return shorten(planClaim({ claim: claimOf(claim ?? {}), volumes: volumes.map(volumeOf), classes: known }));
});

test("only directories of ours are removed", async () => {
  const directory = await mkdtemp(join(tmpdir(), "tidepool-volumes-"));
  const at = (path: string): PersistentVolume => ({ ...volumeOf({ name: "v" }), spec: { hostPath: { path } } });
  try {
    await mkdir(join(directory, "v"));
    for (const path of [directory, join(directory, ".."), join(directory, "../other"), "/", "", `${directory}-other`]) {
      await assert.rejects(removeVolumeDirectory(at(path), directory), /not in the directory for volumes/, path);
    }
    await removeVolumeDirectory(at(join(directory, "v")), directory);
    assert.equal(existsSync(join(directory, "v")), false);
    await removeVolumeDirectory(at(join(directory, "v")), directory);
  } finally {
    await rm(directory, { recursive: true });
  }
});

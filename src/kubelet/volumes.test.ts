import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Container, Pod, Volume } from "#api/types.ts";
import { writeAtomically } from "./atomic-writer.ts";
import { containerPath, existingPath, findExecutable, mountedPath, translateArguments } from "./container-paths.ts";
import { temporaryDirectory } from "./testing.ts";
import { containerMounts, setUpVolumes, type VolumeContext } from "./volumes.ts";

const file = (text: string, mode = 0o644) => ({ data: Buffer.from(text), mode });

test("files of a volume change all at once, behind links", () => {
  const directory = join(temporaryDirectory(), "volume");
  assert.equal(writeAtomically(directory, new Map([["a", file("1")], ["sub/b", file("2", 0o600)]])), true);
  const first = readlinkSync(join(directory, "..data"));
  assert.equal(readlinkSync(join(directory, "a")), "..data/a");
  assert.equal(statSync(join(directory, "sub/b")).mode & 0o777, 0o600);
  assert.equal(writeAtomically(directory, new Map([["a", file("1")], ["sub/b", file("2", 0o600)]])), false);
  assert.equal(readlinkSync(join(directory, "..data")), first, "the same contents are left alone");

  assert.equal(writeAtomically(directory, new Map([["a", file("3")], ["c", file("4")]])), true);
  assert.deepEqual(readdirSync(directory).filter((name) => !name.startsWith("..")).sort(), ["a", "c"]);
  assert.equal(readFileSync(join(directory, "a"), "utf8"), "3");
  assert.equal(existsSync(join(directory, first)), false);
  for (const path of ["../x", "/x", "a/../../x", "..data", ""]) assert.throws(() => writeAtomically(directory, new Map([[path, file("")]])), /invalid path/, path);
});

function context(directory: string, volumes: Volume[], overrides: Partial<VolumeContext> = {}): VolumeContext {
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "default", uid: "u", labels: { app: "web" } },
    spec: { containers: [{ name: "main", image: "x", resources: { limits: { memory: "64Mi" } } }], volumes },
  };
  return {
    pod,
    podDirectory: directory,
    configuration: {
      configMap: (name) => (name === "settings" ? { apiVersion: "v1", kind: "ConfigMap", metadata: {}, data: { color: "blue", size: "big" }, binaryData: { raw: "AAE=" } } : undefined),
      secret: (name) => (name === "password" ? { apiVersion: "v1", kind: "Secret", metadata: {}, data: { word: Buffer.from("swordfish").toString("base64") } } : undefined),
    },
    facts: { podIP: "10.244.1.2", hostIP: "172.30.0.3", nodeName: "node", allocatable: { cpuMillis: 1000, memoryBytes: 1, ephemeralStorageBytes: 1 } },
    token: (audience) => Promise.resolve(`token for ${audience}`),
    claim: () => Promise.resolve(undefined),
    ...overrides,
  };
}

test("volumes made of objects have the files their spec asks for", async () => {
  const directory = temporaryDirectory();
  const directories = await setUpVolumes(
    context(directory, [
      { name: "all", configMap: { name: "settings" } },
      { name: "some", configMap: { name: "settings", items: [{ key: "color", path: "deep/colour", mode: 0o400 }] } },
      { name: "optional", configMap: { name: "absent", optional: true } },
      { name: "secret", secret: { secretName: "password", defaultMode: 0o644 } },
      {
        name: "projected",
        projected: {
          sources: [
            { serviceAccountToken: { path: "token", audience: "vault" } },
            { configMap: { name: "settings", items: [{ key: "size", path: "size" }] } },
            { downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }, { path: "memory", resourceFieldRef: { containerName: "main", resource: "limits.memory", divisor: "1Mi" } }] } },
          ],
        },
      },
      { name: "empty", emptyDir: {} },
    ]),
  );
  const read = (volume: string, path: string): string => readFileSync(join(directories.get(volume)!, path), "utf8");
  assert.equal(read("all", "color"), "blue");
  assert.deepEqual([...readFileSync(join(directories.get("all")!, "raw"))], [0, 1]);
  assert.equal(read("some", "deep/colour"), "blue");
  assert.deepEqual(readdirSync(directories.get("optional")!).filter((name) => !name.startsWith("..")), []);
  assert.equal(statSync(join(directories.get("secret")!, "word")).mode & 0o777, 0o600, "nobody else reads a secret");
  assert.deepEqual([read("projected", "token"), read("projected", "size"), read("projected", "labels"), read("projected", "memory")], ["token for vault", "big", 'app="web"', "64"]);
  assert.ok(statSync(directories.get("empty")!).isDirectory());
});

test("volumes that can't be had say why", async () => {
  const directory = temporaryDirectory();
  const cases: [Omit<Volume, "name">, RegExp][] = [
    [{ configMap: { name: "absent" } }, /SetUp failed for volume "v" : configmap "absent" not found/],
    [{ configMap: { name: "settings", items: [{ key: "nope", path: "x" }] } }, /references non-existent config key: nope/],
    [{ secret: { secretName: "absent" } }, /secret "absent" not found/],
    [{ hostPath: { path: join(directory, "nothing"), type: "Directory" } }, /hostPath type check failed: .* is not a directory/],
    [{ persistentVolumeClaim: { claimName: "data" } }, /persistentvolumeclaim "data" not found/],
    [{ csi: { driver: "x" } }, /volume type csi is not supported by this node/],
  ];
  for (const [volume, message] of cases) await assert.rejects(setUpVolumes(context(directory, [{ name: "v", ...volume }])), message);
});

test("a bound claim is its volume's directory", async () => {
  const directory = temporaryDirectory();
  const path = join(directory, "volumes", "pv-1");
  const claim = (phase: string) => () =>
    Promise.resolve({
      claim: { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "data" }, spec: { volumeName: "pv-1" }, status: { phase } },
      volume: { apiVersion: "v1", kind: "PersistentVolume", metadata: { name: "pv-1" }, spec: { hostPath: { path } } },
    });
  const volumes: Volume[] = [{ name: "v", persistentVolumeClaim: { claimName: "data" } }];
  await assert.rejects(setUpVolumes(context(directory, volumes, { claim: claim("Pending") })), /PersistentVolumeClaim is not bound: "default\/data"/);
  assert.equal((await setUpVolumes(context(directory, volumes, { claim: claim("Bound") }))).get("v"), path);
  assert.ok(existsSync(path));
});

test("mounts may be parts of a volume, and may not leave it", () => {
  const directory = temporaryDirectory();
  const directories = new Map([["v", directory]]);
  const mounts = (volumeMounts: Container["volumeMounts"]) => containerMounts({ name: "main", volumeMounts }, directories, { POD: "web-1" });
  assert.deepEqual(mounts([{ name: "v", mountPath: "/data/", readOnly: true }]), [{ path: "/data", hostPath: directory, readOnly: true }]);
  assert.deepEqual(mounts([{ name: "v", mountPath: "/data", subPathExpr: "logs/$(POD)" }]), [{ path: "/data", hostPath: join(directory, "logs/web-1") }]);
  assert.throws(() => mounts([{ name: "v", mountPath: "/data", subPath: "../x" }]), /must not contain '..'/);
  assert.throws(() => mounts([{ name: "w", mountPath: "/data" }]), /cannot find volume "w"/);
});

test("a part of a ConfigMap volume stays as it was when the container started", () => {
  const directory = join(temporaryDirectory(), "pod/volumes/v");
  writeAtomically(directory, new Map([["a", file("1")]]));
  const mount = () => containerMounts({ name: "main", volumeMounts: [{ name: "v", mountPath: "/etc/a", subPath: "a" }] }, new Map([["v", directory]]), {})[0]!;
  const first = mount();
  writeAtomically(directory, new Map([["a", file("2")]]));
  assert.equal(readFileSync(first.hostPath, "utf8"), "1");
  assert.equal(readFileSync(mount().hostPath, "utf8"), "2", "the next container has the new one");
});

test("a container's paths are its mounts', its image's, then the host's", () => {
  const root = temporaryDirectory();
  const data = temporaryDirectory();
  mkdirSync(join(root, "app"));
  writeFileSync(join(root, "app/main.cjs"), "");
  writeFileSync(join(root, "app/tool"), "#!/bin/sh\n", { mode: 0o755 });
  writeFileSync(join(data, "x"), "");
  const paths = { root, cwd: join(root, "app"), mounts: [{ path: "/data", hostPath: data }, { path: "/data/inner", hostPath: "/inner" }] };
  assert.equal(mountedPath("/data/inner/y", paths.mounts), "/inner/y");
  assert.equal(mountedPath("/database", paths.mounts), undefined);
  assert.equal(mountedPath("/data/../etc", paths.mounts), undefined);
  assert.equal(existingPath("/data/x", paths), join(data, "x"));
  assert.equal(existingPath("/data/absent", paths), undefined);
  assert.equal(containerPath("main.cjs", paths), join(root, "app/main.cjs"));
  assert.equal(containerPath("/app/../../../etc", paths), join(root, "etc"));
  assert.deepEqual(translateArguments(["-x", "/app/main.cjs", "/usr", "/data/x"], paths), ["-x", join(root, "app/main.cjs"), "/usr", join(data, "x")]);
  assert.equal(findExecutable("tool", "/app:/usr/bin", paths), join(root, "app/tool"));
  assert.equal(findExecutable("./tool", "", paths), join(root, "app/tool"));
  assert.throws(() => findExecutable("/app/main.cjs", "", paths), /exec: "\/app\/main.cjs": permission denied/);
  assert.throws(() => findExecutable("/app/none", "", paths), /no such file or directory/);
});

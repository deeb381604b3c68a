/**
 * `kubectl cp` runs tar in the container. These are the commands it sends, done by the kubelet
 * itself, because names in the archive must be the container's while files are at host paths.
 * @see https://github.com/kubernetes/kubectl/blob/master/pkg/cmd/cp/cp.go
 */
import { lstatSync, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { pipeline } from "node:stream/promises";
import { packTar, unpackTar } from "modern-tar/fs";
import { errorMessage } from "#lib/log.ts";
import type { ExecResult } from "#api/kubelet.ts";
import { containerPath, mountedPath } from "./container-paths.ts";
import type { ContainerConfig, ExecOptions } from "./runtime.ts";

/** The command's run, or undefined when it is none of kubectl's tar commands. */
export function tarInContainer(config: ContainerConfig, options: ExecOptions): Promise<ExecResult> | undefined {
  const [program, ...args] = options.command;
  if (program !== "tar" || options.tty) return undefined;
  if (args.length === 3 && args[0] === "cf" && args[1] === "-") return pack(config, args[2]!, options);
  const words = args.filter((arg) => arg !== "--no-same-permissions" && arg !== "--no-same-owner");
  if ((words[0] === "-xmf" || words[0] === "-xf") && words[1] === "-" && (words.length === 2 || (words.length === 4 && words[2] === "-C"))) {
    return unpack(config, words[3] ?? ".", options);
  }
  return undefined;
}

async function pack(config: ContainerConfig, path: string, { streams, signal }: ExecOptions): Promise<ExecResult> {
  const source = containerPath(path, config);
  try {
    // As tar: absolute names lose their slash.
    const target = path.replace(/^\/+/, "").replace(/\/+$/, "") || ".";
    const type = (path.endsWith("/") ? statSync(source) : lstatSync(source)).isDirectory() ? "directory" : "file";
    await pipeline(packTar([{ type, source, target }]), streams.stdout!, { end: false, signal });
    return { exitCode: 0 };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    streams.stderr?.write(`tar: ${path}: ${missing ? "Cannot stat: No such file or directory" : errorMessage(error)}\n`);
    return { exitCode: 2 };
  }
}

async function unpack(config: ContainerConfig, path: string, { streams, signal }: ExecOptions): Promise<ExecResult> {
  const target = containerPath(path, config);
  const mount = config.mounts.find(({ hostPath }) => target === hostPath || target.startsWith(`${hostPath}/`));
  try {
    // The unpacked image is shared by all containers that run it.
    const writable = isAbsolute(path) ? mountedPath(path, config.mounts) !== undefined : mount !== undefined;
    if (!writable || mount?.readOnly) throw new Error("Cannot open: Read-only file system");
    if (!statSync(target).isDirectory()) throw new Error("Cannot open: Not a directory");
    await pipeline(streams.stdin!, unpackTar(target), { signal });
    return { exitCode: 0 };
  } catch (error) {
    streams.stderr?.write(`tar: ${path}: ${errorMessage(error)}\n`);
    return { exitCode: 2 };
  }
}

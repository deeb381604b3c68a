/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/node/strategy.go */
import { nodes } from "../resources.ts";
import type { Node } from "../types.ts";
import { NONE, UNKNOWN, ageColumn, column, nameColumn, wide } from "./columns.ts";
import { define } from "./define.ts";
import { nodeWarnings, validateNode, validateNodeStatusUpdate, validateNodeUpdate } from "./node-validation.ts";

const ROLE_PREFIX = "node-role.kubernetes.io/";

export const node = define(nodes, {
  model: "io.k8s.api.core.v1.Node",
  emptySpec: () => ({}),
  shortNames: ["no"],
  subresources: ["status"],
  setDefaults({ spec, status }) {
    if (status?.capacity && !status.allocatable) status.allocatable = { ...status.capacity };
    if (!spec) return;
    // The older field is the first of the newer one's.
    if (spec.podCIDR && !spec.podCIDRs?.length) spec.podCIDRs = [spec.podCIDR];
    if (spec.podCIDRs?.length) spec.podCIDR = spec.podCIDRs[0]!;
  },
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  validateStatusUpdate: validateNodeStatusUpdate,
  warnings: nodeWarnings,
  fields: ({ spec }) => ({ "spec.unschedulable": String(spec?.unschedulable ?? false) }),
  columns: [
    nameColumn(),
    column("Status", "The status of the node", statusText),
    column("Roles", "The roles of the node", roles),
    ageColumn(),
    column("Version", "Kubelet Version reported by the node.", ({ status }) => status?.nodeInfo?.kubeletVersion ?? ""),
    wide(column("Internal-IP", "List of addresses reachable to the node.", (object) => address(object, "InternalIP"))),
    wide(column("External-IP", "List of addresses reachable to the node.", (object) => address(object, "ExternalIP"))),
    wide(column("OS-Image", "OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux 7 (wheezy)).", ({ status }) => status?.nodeInfo?.osImage || UNKNOWN)),
    wide(column("Kernel-Version", "Kernel Version reported by the node from 'uname -r' (e.g. 3.16.0-0.bpo.4-amd64).", ({ status }) => status?.nodeInfo?.kernelVersion || UNKNOWN)),
    wide(column("Container-Runtime", "ContainerRuntime Version reported by the node through runtime remote API (e.g. containerd://1.4.2).", ({ status }) => status?.nodeInfo?.containerRuntimeVersion || UNKNOWN)),
  ],
});

function statusText({ spec, status }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  const readiness = !ready ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
  return spec?.unschedulable ? `${readiness},SchedulingDisabled` : readiness;
}

function roles({ metadata }: Node): string {
  const found = new Set<string>();
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) found.add(key.slice(ROLE_PREFIX.length));
    else if (key === "kubernetes.io/role" && value) found.add(value);
  }
  return [...found].sort().join(",") || NONE;
}

function address({ status }: Node, type: string): string {
  return status?.addresses?.find((known) => known.type === type)?.address ?? NONE;
}

/**
 * What a pod may ask for and this node refuses, by name. A pod that asks for it gets no containers:
 * running it without would make it look supported. What is merely not enforced (CPU limits, users,
 * capabilities) is the API server's to warn of.
 */
import type { Container, Pod } from "#api/types.ts";

/** One sentence per refused field; empty when the node can run the pod. */
export function unsupportedFields(pod: Pod): string[] {
  const refused: string[] = [];
  const refuse = (field: string): void => void refused.push(`${field} is not supported by this node`);
  const { spec } = pod;
  if (spec.hostPID) refuse("spec.hostPID");
  if (spec.hostIPC) refuse("spec.hostIPC");
  if (spec.shareProcessNamespace) refuse("spec.shareProcessNamespace");
  if (spec.runtimeClassName) refuse("spec.runtimeClassName");
  if (spec.os && spec.os.name !== "linux") refuse(`spec.os.name: ${spec.os.name}`);
  spec.initContainers?.forEach((container, index) => inContainer(container, `spec.initContainers[${index}]`, refuse));
  spec.containers.forEach((container, index) => inContainer(container, `spec.containers[${index}]`, refuse));
  return refused;
}

function inContainer(container: Container, path: string, refuse: (field: string) => void): void {
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"] as const) if (container[name]?.grpc) refuse(`${path}.${name}.grpc`);
  if (container.volumeDevices?.length) refuse(`${path}.volumeDevices`);
  for (const name of ["postStart", "preStop"] as const) if (container.lifecycle?.[name]?.tcpSocket) refuse(`${path}.lifecycle.${name}.tcpSocket`);
  const devices = Object.keys(container.resources?.limits ?? {}).filter((name) => !["cpu", "memory", "ephemeral-storage"].includes(name));
  container.ports?.forEach(({ hostPort }, index) => hostPort && refuse(`${path}.ports[${index}].hostPort`));
  for (const name of devices) refuse(`${path}.resources.limits[${name}]`);
}

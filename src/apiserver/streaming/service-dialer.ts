/**
 * Connections to Services, for what this server itself calls in the cluster: admission webhooks, the servers
 * behind APIServices.
 */
import type { Duplex } from "node:stream";
import { notFound, serviceUnavailable } from "#api/errors.ts";
import type { NodeConnector } from "#api/kubelet.ts";
import { endpointSlices, services } from "#api/resources.ts";
import type { Finders } from "../finders.ts";
import { kubeletOf, podRef } from "./pod-target.ts";

export interface ServiceAddress {
  namespace: string;
  name: string;
  /** The Service's port, by number. */
  port: number;
}

/** Connects to one of a Service's ready pods. Rejects with a StatusError, or with why the pod can't be reached. */
export type ServiceDialer = (address: ServiceAddress) => Promise<Duplex>;

const SERVICE_NAME = "kubernetes.io/service-name";

export function serviceDialer(find: Finders, connector: NodeConnector): ServiceDialer {
  return async ({ namespace, name, port }) => {
    const service = find.object(services, namespace, name);
    if (!service) throw notFound({ resource: "services", name });
    const portName = service.spec.ports?.find((candidate) => candidate.port === port);
    if (!portName) throw serviceUnavailable(`no service port ${port} found for service ${JSON.stringify(name)}`);
    for (const slice of find.list(endpointSlices, namespace)) {
      if (slice.metadata.labels?.[SERVICE_NAME] !== name) continue;
      const target = slice.ports?.find((candidate) => (candidate.name ?? "") === (portName.name ?? ""))?.port;
      const ready = slice.endpoints?.find(({ conditions, targetRef }) => conditions?.ready !== false && targetRef?.kind === "Pod");
      const pod = ready && find.pod(namespace, ready.targetRef!.name!);
      if (target && pod) return kubeletOf(pod, connector).portForward(podRef(pod), target);
    }
    throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`);
  };
}

/** Which real ports of this machine serve which Service ports: NodePorts and load balancers. Pure. */
import type { Service } from "#api/types.ts";
import { keyOf } from "#api/resources.ts";

/** One real listener. */
export interface Listener {
  hostPort: number;
  /** The Service's key and the port's name. */
  service: string;
  portName: string;
  servicePort: number;
  kind: "NodePort" | "LoadBalancer";
}

/** Something a Service asks for that it won't get, for an Event on it. */
export interface Refusal {
  service: string;
  reason: string;
  message: string;
}

export interface ListenerPlan {
  listeners: Listener[];
  refusals: Refusal[];
}

/**
 * The oldest Service wins a host port, as with k3s' servicelb. `loadBalancerPorts` maps a Service's
 * port to the host's (80 to 8080, say); others keep their number.
 */
export function planListeners(services: Service[], loadBalancerPorts: ReadonlyMap<number, number>): ListenerPlan {
  const plan: ListenerPlan = { listeners: [], refusals: [] };
  const owners = new Map<number, Listener>();
  for (const service of [...services].sort(byAge)) {
    const { spec } = service;
    const key = keyOf(service);
    const refuse = (reason: string, message: string): void => void plan.refusals.push({ service: key, reason, message });
    const claim = (listener: Listener): void => {
      const owner = owners.get(listener.hostPort);
      if (owner && owner.service === key) return;
      if (owner) return refuse("PortInUse", `port ${listener.servicePort} is not served on this machine: port ${listener.hostPort} belongs to Service ${owner.service}`);
      owners.set(listener.hostPort, listener);
      plan.listeners.push(listener);
    };
    if (spec.externalIPs?.length) refuse("ExternalIPsUnsupported", `externalIPs are not served: ${spec.externalIPs.join(", ")} are no addresses of this machine's cluster; use a NodePort or type LoadBalancer`);
    if (spec.type === "LoadBalancer" && spec.loadBalancerClass) {
      refuse("LoadBalancerClassUnsupported", `loadBalancerClass ${spec.loadBalancerClass} is not served: there is only the default load balancer`);
    }
    if (spec.type !== "NodePort" && spec.type !== "LoadBalancer") continue;
    for (const port of spec.ports ?? []) {
      const common = { service: key, portName: port.name ?? "", servicePort: port.port };
      if ((port.protocol ?? "TCP") !== "TCP") {
        refuse("ProtocolUnsupported", `port ${port.port}/${port.protocol} is not served: the pod network carries TCP only`);
        continue;
      }
      if (port.nodePort) claim({ ...common, hostPort: port.nodePort, kind: "NodePort" });
      if (spec.type === "LoadBalancer" && !spec.loadBalancerClass) claim({ ...common, hostPort: loadBalancerPorts.get(port.port) ?? port.port, kind: "LoadBalancer" });
    }
  }
  return plan;
}

function byAge(a: Service, b: Service): number {
  const [first, second] = [a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? ""];
  if (first !== second) return first < second ? -1 : 1;
  return keyOf(a) < keyOf(b) ? -1 : 1;
}

/** What every controller is given. */
import type { Clock } from "#lib/clock.ts";
import type { Logger } from "#lib/log.ts";
import type { Rng } from "#lib/random.ts";
import type { Client } from "#client/client.ts";
import { eventRecorder, type EventRecorder } from "#client/events.ts";
import type { Informers } from "#client/informer.ts";

export interface ControllerContext {
  /** The API with the rights of a service account in kube-system: each controller has its own. */
  clientFor: (serviceAccount: string) => Client;
  /** Shared by all; read with the controller manager's rights. */
  informers: Informers;
  clock: Clock;
  rng: Rng;
  log: Logger;
}

/** The service accounts of upstream's controllers, where they aren't called as the controller is. */
const SERVICE_ACCOUNTS: Record<string, string> = {
  "daemonset-controller": "daemon-set-controller",
  "garbage-collector-controller": "generic-garbage-collector",
  "node-ipam-controller": "node-controller",
  "persistentvolume-controller": "persistent-volume-binder",
  "replicationcontroller-controller": "replication-controller",
  "serviceaccount-controller": "service-account-controller",
};

/** The client of a controller, under its name and with its service account's rights, and its event recorder. */
export function component(context: ControllerContext, name: string, serviceAccount = SERVICE_ACCOUNTS[name] ?? name): { client: Client; events: EventRecorder } {
  const client = context.clientFor(serviceAccount).as(name);
  return { client, events: eventRecorder(client, context.clock, context.log.named(name), { component: name }) };
}

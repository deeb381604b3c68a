/** What every controller is given. */
import type { Clock } from "#lib/clock.ts";
import type { Logger } from "#lib/log.ts";
import type { Rng } from "#lib/random.ts";
import type { Client } from "#client/client.ts";
import { eventRecorder, type EventRecorder } from "#client/events.ts";
import type { Informers } from "#client/informer.ts";

export interface ControllerContext {
  client: Client;
  informers: Informers;
  clock: Clock;
  rng: Rng;
  log: Logger;
}

/** The client under the controller's name, and its event recorder. */
export function component(context: ControllerContext, name: string): { client: Client; events: EventRecorder } {
  const client = context.client.as(name);
  return { client, events: eventRecorder(client, context.clock, context.log.named(name), { component: name }) };
}

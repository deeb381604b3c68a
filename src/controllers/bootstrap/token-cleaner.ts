/**
 * Deletes bootstrap tokens when their time is over.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/bootstrap/tokencleaner.go
 */
import { keyOf, secrets } from "#api/resources.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { deleteExactly } from "../common/effects.ts";
import { endMs, isBootstrapToken } from "./token.ts";

export function startTokenCleanerController(context: ControllerContext): Controller {
  const name = "token-cleaner-controller";
  const { client } = component(context, name, "token-cleaner");
  const informer = context.informers.for(secrets);

  async function reconcile(key: string): Promise<number | void> {
    const secret = informer.get(key);
    const end = secret && isBootstrapToken(secret) ? endMs(secret) : undefined;
    if (end === undefined) return;
    const waitMs = end - context.clock.now();
    if (waitMs > 0) return waitMs;
    await deleteExactly(client, secrets, secret!);
  }

  return startController({ name, clock: context.clock, log: context.log, sources: [source(informer, (secret) => (isBootstrapToken(secret) ? [keyOf(secret)] : []))], reconcile });
}

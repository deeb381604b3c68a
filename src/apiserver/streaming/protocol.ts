import { StatusError } from "#api/errors.ts";

/** The first subprotocol the client offers that is accepted. Throws Forbidden as upstream when there is none. */
export function chooseProtocol(offered: readonly string[], accepted: readonly string[]): string {
  const chosen = offered.find((name) => accepted.includes(name));
  if (chosen !== undefined) return chosen;
  const message = `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(" ")}], server accepts [${accepted.join(" ")}]`;
  throw new StatusError(403, "Forbidden", message);
}

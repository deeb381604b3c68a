/**
 * Where a list in pages goes on.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/storage/continue.go
 */
import { badRequest } from "#api/errors.ts";

export interface Position {
  /** The snapshot's revision; undefined for the latest, whatever it is by then. */
  revision: number | undefined;
  /** The last key given, without the list's prefix. */
  after: string;
}

const VERSION = "meta.k8s.io/v1";

export function encodeContinue({ revision = -1, after }: Position): string {
  return Buffer.from(JSON.stringify({ v: VERSION, rv: revision, start: `${after}\0` })).toString("base64url");
}

/** Throws BadRequest. */
export function decodeContinue(token: string): Position {
  let v: unknown;
  let rv: unknown;
  let start: unknown;
  try {
    ({ v, rv, start } = JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as Record<string, unknown>);
  } catch {
    throw invalidToken("");
  }
  if (v !== VERSION) throw invalidToken(`: server does not recognize this encoded version ${typeof v === "string" ? v : ""}`);
  if (!Number.isSafeInteger(rv) || rv === 0) throw invalidToken(`: incorrect encoded start resourceVersion (version ${VERSION})`);
  if (typeof start !== "string" || start === "") throw invalidToken(`: encoded start key empty (version ${VERSION})`);
  return { revision: (rv as number) < 0 ? undefined : (rv as number), after: start.replace(/\0$/, "") };
}

function invalidToken(why: string): Error {
  return badRequest(`invalid continue token: continue key is not valid${why}`);
}

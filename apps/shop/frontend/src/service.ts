import { ApiError } from "@shop/common/errors.ts";
import type { Parts, Runtime } from "@shop/common/service.ts";
import { readStaticFiles } from "./files.ts";

const SECURITY_HEADERS = {
  "content-security-policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

/** The page: a few static files, held in memory. */
export function frontend({ app, env, identity }: Runtime): Parts {
  // Relative to the working directory, which in the image is /app.
  const files = readStaticFiles(env.PUBLIC_DIR ?? "public", identity.version);

  app.get("/*", (request, reply) => {
    const path = request.url.split("?", 1)[0]!;
    const file = files.get(path);
    if (!file) throw new ApiError(404, "no_such_page", `there is no page ${path}`);
    // Asked for again every time: after a rolling update the next visit shows the new version.
    reply.headers({ ...SECURITY_HEADERS, etag: file.etag, "cache-control": "no-cache" });
    if (request.headers["if-none-match"] === file.etag) return reply.code(304).send();
    return reply.type(file.type).send(file.body);
  });
  return {};
}

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";

export interface StaticFile {
  type: string;
  body: Buffer;
  /** Changes with the content. */
  etag: string;
}

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/**
 * Reads every file of a directory, keyed by its path in URLs ("/" is index.html). The text `{{version}}` in pages
 * becomes the version, so that one page can show which one served it. Throws on a type that is not served.
 */
export function readStaticFiles(directory: string, version: string): Map<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  for (const name of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue;
    const path = join(name.parentPath, name.name);
    const type = TYPES[extname(path)];
    if (type === undefined) throw new Error(`${path}: the frontend has no media type for this kind of file`);
    let body = readFileSync(path);
    if (type.startsWith("text/html")) body = Buffer.from(body.toString("utf8").replaceAll("{{version}}", version));
    const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 20)}"`;
    files.set(`/${path.slice(join(directory, "/").length).replaceAll("\\", "/")}`, { type, body, etag });
  }
  const index = files.get("/index.html");
  if (!index) throw new Error(`${directory} has no index.html`);
  files.set("/", index);
  return files;
}

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, isAbsolute, join, normalize } from "node:path";
import { isRepositoryName, isTag } from "../reference.ts";

/**
 * A folder that makes an image, as its `image.json` describes it. Paths are relative to the folder;
 * what they become is relative to the image's `/app` unless it begins with a slash.
 */
export interface ImageFolder {
  directory: string;
  /** Repository: `shop/order-service`. */
  image: string;
  /** The program, bundled into `/app/main.cjs`. */
  entry: string;
  /** Tags; each image is told its own in SERVICE_VERSION. */
  versions: string[];
  /** Folder -> folder, copied as they are. */
  assets: Record<string, string>;
  /** Source -> script, bundled for browsers. */
  browser: Record<string, string>;
  ports: number[];
  /** Numeric, so that a cluster can tell it is not root; empty for the runtime's default. */
  user: string;
  env: Record<string, string>;
  cmd: string[];
  volumes: string[];
  stopSignal: string | undefined;
}

/** Thrown for a folder whose image.json can't be used; the message names file and field. */
export class ImageFolderError extends Error {}

const FIELDS = ["image", "entry", "versions", "assets", "browser", "ports", "user", "env", "cmd", "volumes", "stopSignal"];

/** The folders below `apps` that make images: `<apps>/*` and `<apps>/*` + `/*` with an image.json, in order of their names. */
export function discoverImageFolders(apps: string): string[] {
  const found: string[] = [];
  const look = (directory: string, depth: number): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (!entry.isDirectory() || entry.name === "node_modules") continue;
      const path = join(directory, entry.name);
      if (existsSync(join(path, "image.json"))) found.push(path);
      else if (depth > 1) look(path, depth - 1);
    }
  };
  look(apps, 2);
  return found;
}

export function readImageFolder(directory: string): ImageFolder {
  const file = join(directory, "image.json");
  const fail = (what: string): never => {
    throw new ImageFolderError(`${file}: ${what}`);
  };
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  } catch (error) {
    return fail((error as Error).message);
  }
  for (const field of Object.keys(parsed)) if (!FIELDS.includes(field)) fail(`unknown field "${field}"`);
  const strings = (field: string): string[] => {
    const value = parsed[field] ?? [];
    if (!Array.isArray(value) || value.some((item) => typeof item !== "string")) fail(`${field} is not a list of strings`);
    return value as string[];
  };
  const stringMap = (field: string): Record<string, string> => {
    const value = parsed[field] ?? {};
    if (typeof value !== "object" || value === null || Object.values(value).some((item) => typeof item !== "string")) {
      fail(`${field} is not a map of strings`);
    }
    return value as Record<string, string>;
  };
  const text = (field: string, fallback?: string): string => {
    const value = parsed[field] ?? fallback;
    if (typeof value !== "string") fail(`${field} is not a string`);
    return value as string;
  };
  const inside = (field: string, map: Record<string, string>): Record<string, string> => {
    for (const [from, to] of Object.entries(map)) {
      if (isAbsolute(from) || normalize(from).startsWith("..")) fail(`${field}: "${from}" is not in this folder`);
      if (normalize(to).startsWith("..")) fail(`${field}: "${to}" leaves /app; write it as an absolute path`);
    }
    return map;
  };

  const image = text("image");
  if (!isRepositoryName(image)) fail(`image "${image}" is no repository name`);
  const versions = strings("versions");
  if (versions.length === 0 || versions.some((version) => !isTag(version))) fail("versions is not a list of tags");
  const ports = (parsed["ports"] ?? []) as number[];
  if (!Array.isArray(ports) || ports.some((port) => !Number.isInteger(port) || port < 1 || port > 65535)) fail("ports is not a list of ports");
  return {
    directory,
    image,
    entry: text("entry"),
    versions,
    assets: inside("assets", stringMap("assets")),
    browser: inside("browser", stringMap("browser")),
    ports,
    user: text("user", "1000"),
    env: stringMap("env"),
    cmd: strings("cmd"),
    volumes: strings("volumes"),
    stopSignal: parsed["stopSignal"] === undefined ? undefined : text("stopSignal"),
  };
}

/** The last part of the repository: what the service calls itself. */
export function serviceName(folder: ImageFolder): string {
  return basename(folder.image);
}

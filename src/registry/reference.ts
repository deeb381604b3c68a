import { parseDigest } from "./digest.ts";

/**
 * Image references: `postgres:18`, `localhost:5002/shop/order-service@sha256:...`. Grammar, defaults
 * and error texts are those of distribution/reference, which kubelet and containerd print.
 * @see https://github.com/distribution/reference/blob/main/reference.go
 * @see https://github.com/distribution/reference/blob/main/normalize.go
 */
export interface Reference {
  /** The registry, with its port if one is written: `docker.io`, `localhost:5002`. */
  domain: string;
  /** The repository inside the registry: `library/postgres`. */
  path: string;
  tag?: string;
  digest?: string;
}

/** Thrown for text that is no image reference; the kubelet reports it as `InvalidImageName`. */
export class InvalidReferenceError extends Error {}

const DEFAULT_DOMAIN = "docker.io";
const MAX_PATH_LENGTH = 255;

const COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const PATH = `${COMPONENT}(?:/${COMPONENT})*`;
const DOMAIN_COMPONENT = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const DOMAIN = `(?:${DOMAIN_COMPONENT}(?:\\.${DOMAIN_COMPONENT})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const TAG = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const DIGEST = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";

const REFERENCE = new RegExp(`^((?:${DOMAIN}/)?${PATH})(?::(${TAG}))?(?:@(${DIGEST}))?$`);
const NAME = new RegExp(`^(?:(${DOMAIN})/)?(${PATH})$`);
const REPOSITORY = new RegExp(`^${PATH}$`);
const ANCHORED_TAG = new RegExp(`^${TAG}$`);

/** Whether `name` may name a repository in a registry's URL. */
export function isRepositoryName(name: string): boolean {
  return name.length <= MAX_PATH_LENGTH && REPOSITORY.test(name);
}

export function isTag(tag: string): boolean {
  return ANCHORED_TAG.test(tag);
}

/** Parses a reference as people write it, with Docker Hub's defaults filled in; tag and digest stay as written. */
export function parseReference(text: string): Reference {
  if (/^[a-f0-9]{64}$/.test(text)) {
    throw new InvalidReferenceError(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const [domain, remainder] = splitDomain(text);
  const remote = remainder.split(":", 1)[0]!;
  if (remote.toLowerCase() !== remote) {
    throw new InvalidReferenceError(`invalid reference format: repository name (${remote}) must be lowercase`);
  }
  const whole = `${domain}/${remainder}`;
  const matched = REFERENCE.exec(whole);
  if (!matched) {
    if (REFERENCE.test(whole.toLowerCase())) throw new InvalidReferenceError("repository name must be lowercase");
    throw new InvalidReferenceError("invalid reference format");
  }
  const [, name, tag, digest] = matched;
  const [, namedDomain, path] = NAME.exec(name!)!;
  if (path!.length > MAX_PATH_LENGTH) {
    throw new InvalidReferenceError(`repository name must not be more than ${MAX_PATH_LENGTH} characters`);
  }
  const reference: Reference = { domain: namedDomain ?? "", path: path! };
  if (tag !== undefined) reference.tag = tag;
  if (digest !== undefined) {
    try {
      reference.digest = parseDigest(digest).text;
    } catch (error) {
      throw new InvalidReferenceError((error as Error).message);
    }
  }
  return reference;
}

/** As {@link parseReference}, then as runtimes resolve it: a digest wins over a tag, and neither means `latest`. */
export function parseDockerReference(text: string): Reference {
  const { domain, path, tag, digest } = parseReference(text);
  return digest !== undefined ? { domain, path, digest } : { domain, path, tag: tag ?? "latest" };
}

/**
 * The image with `:latest` added when it names neither tag nor digest, otherwise as written: what the
 * kubelet hands to the runtime and decides imagePullPolicy by. Errors carry the kubelet's text.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/util/parsers/parsers.go
 */
export function applyDefaultTag(image: string): string {
  try {
    const { tag, digest } = parseReference(image);
    return tag === undefined && digest === undefined ? `${image}:latest` : image;
  } catch (error) {
    throw new InvalidReferenceError(`couldn't parse image name "${image}": ${(error as Error).message}`);
  }
}

/** `domain/path`, without tag and digest. */
export function repositoryOf(reference: Reference): string {
  return `${reference.domain}/${reference.path}`;
}

export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return `${repositoryOf(reference)}${tag}${digest}`;
}

function splitDomain(text: string): [domain: string, remainder: string] {
  const slash = text.indexOf("/");
  if (slash < 0) return [DEFAULT_DOMAIN, `library/${text}`];
  const first = text.slice(0, slash);
  const isDomain = first === "localhost" || /[.:]/.test(first) || first.toLowerCase() !== first;
  let [domain, remainder] = isDomain ? [first, text.slice(slash + 1)] : [DEFAULT_DOMAIN, text];
  if (domain === "index.docker.io") domain = DEFAULT_DOMAIN;
  if (domain === DEFAULT_DOMAIN && !remainder.includes("/")) remainder = `library/${remainder}`;
  return [domain, remainder];
}

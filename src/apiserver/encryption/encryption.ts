/** Encryption at rest: objects of chosen kinds leave this process encrypted, and nothing else notices. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { errorMessage } from "#lib/log.ts";
import type { Store, ValueTransformer } from "#store/index.ts";
import { writeSecret } from "../pki/pki.ts";
import { groupResource, newEncryptionConfiguration, parseEncryptionConfiguration, type EncryptedResources, type GroupResource } from "./configuration.ts";
import { identity, type Provider } from "./providers.ts";

export interface Encryption extends ValueTransformer {
  /** Keys of what was read and would be written otherwise now: it is plain, or encrypted with an older key. */
  stale: () => string[];
}

/** A value that none of the configured keys opens. */
export class DecryptionError extends Error {}

export const ENCRYPTION_CONFIGURATION = "encryption-config.yaml";

/** Reads the configuration from the directory of certificates and keys; makes one with a new key if there is none. Throws an Error. */
export async function ensureEncryption(directory: string): Promise<Encryption> {
  const file = join(directory, ENCRYPTION_CONFIGURATION);
  if (!existsSync(file)) writeSecret(file, newEncryptionConfiguration(randomBytes(32)));
  return encryption(await parseEncryptionConfiguration(readFileSync(file, "utf8")));
}

export function encryption(configured: readonly EncryptedResources[]): Encryption {
  const providersByResource = new Map<string, readonly Provider[]>();
  const stale = new Set<string>();

  function providersFor(key: string): readonly Provider[] {
    const resource = key.slice(0, key.indexOf("/"));
    let providers = providersByResource.get(resource);
    if (!providers) {
      providers = configured.find(({ resources }) => resources.some((name) => matches(groupResource(name), groupResource(resource))))?.providers ?? [identity];
      providersByResource.set(resource, providers);
    }
    return providers;
  }

  return {
    toStorage(key, json) {
      const [{ prefix, seal }] = providersFor(key) as [Provider];
      return prefix + seal(key, json);
    },
    fromStorage(key, stored) {
      const problems = new Set<string>();
      for (const [i, { prefix, open }] of providersFor(key).entries()) {
        if (!stored.startsWith(prefix)) continue;
        try {
          const json = open(key, stored.slice(prefix.length));
          if (i === 0) stale.delete(key);
          else stale.add(key);
          return json;
        } catch (error) {
          problems.add(errorMessage(error));
        }
      }
      const why = [...problems].join(", ") || "the provided value does not match any of the supported transformers";
      throw new DecryptionError(`${key}, stored as ${/^(?:k8s:enc:\w+:v\d+:[^:]*:)?/.exec(stored)![0] || "plain text"}, can't be read: ${why}`);
    },
    stale: () => [...stale],
  };
}

function matches(pattern: GroupResource, { group, resource }: GroupResource): boolean {
  return (pattern.group === "*" || pattern.group === group) && (pattern.resource === "*" || pattern.resource === resource);
}

/** Writes again what isn't stored as it would be now: after keys were changed, or when encryption begins. How many objects that were. */
export async function encryptStale(store: Store, { stale }: Encryption): Promise<number> {
  const entries = stale().flatMap((key) => store.get(key) ?? []);
  await Promise.all(entries.map(({ key, object, revision }) => store.update(key, object, revision)));
  return entries.length;
}

/**
 * What is encrypted at rest, and with which keys: an EncryptionConfiguration.
 * @see https://kubernetes.io/docs/reference/config-api/apiserver-config.v1/#apiserver-config-k8s-io-v1-EncryptionConfiguration
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/apis/apiserver/validation/validation_encryption.go
 */
import type { FieldError } from "#api/errors.ts";
import { invalid, notSupported, required } from "#api/definitions/field-errors.ts";
import { aescbc, aesgcm, identity, type Provider } from "./providers.ts";

export interface EncryptedResources {
  /** Names as in `kubectl api-resources`: `secrets`, `widgets.example.org`, `*.example.org`, `*.` (the core group), `*.*`. */
  resources: string[];
  /** The first one writes; all read. */
  providers: Provider[];
}

interface Key {
  name?: string;
  secret?: string;
}

type ProviderConfiguration = Partial<Record<string, { keys?: Key[] }>>;

interface Configuration {
  apiVersion?: string;
  kind?: string;
  resources?: { resources?: string[]; providers?: ProviderConfiguration[] }[];
}

const API_VERSION = "apiserver.config.k8s.io/v1";
const KIND = "EncryptionConfiguration";
const AES_KEY_BYTES = [16, 24, 32];
const WITH_KEYS: Record<string, (name: string, secret: Buffer) => Provider> = { aescbc, aesgcm };
const PROVIDERS = [...Object.keys(WITH_KEYS), "identity"];

/** Reads YAML or JSON. Throws an Error that says all that is wrong with it, and no key. */
export async function parseEncryptionConfiguration(text: string): Promise<EncryptedResources[]> {
  const { parseYaml } = await import("../yaml.ts");
  const { value, duplicates } = parseYaml(text);
  if (duplicates.length > 0) throw new Error(duplicates.join(", "));
  const { apiVersion, kind, resources } = (value ?? {}) as Configuration;
  if (apiVersion !== API_VERSION || kind !== KIND) throw new Error(`no kind ${JSON.stringify(kind ?? "")} is registered for version ${JSON.stringify(apiVersion ?? "")}: expected ${KIND} of ${API_VERSION}`);
  const errors = validateResources(resources);
  if (errors.length > 0) throw new Error(errors.map(({ field, message }) => `${field}: ${message}`).join(", "));
  return resources!.map((part) => ({ resources: part.resources!, providers: part.providers!.flatMap(providersOf) }));
}

function providersOf(configuration: ProviderConfiguration): Provider[] {
  const [[kind, value]] = Object.entries(configuration) as [[string, { keys?: Key[] } | undefined]];
  if (kind === "identity") return [identity];
  return value!.keys!.map(({ name, secret }) => WITH_KEYS[kind]!(name!, Buffer.from(secret!, "base64")));
}

function validateResources(resources: Configuration["resources"]): FieldError[] {
  const root = "resources";
  if (!Array.isArray(resources) || resources.length === 0) return [required(root, `at least one ${root} is required`)];
  return resources.flatMap(({ resources: names = [], providers = [] }, i) => {
    const [r, p] = [`${root}[${i}].resources`, `${root}[${i}].providers`];
    return [
      ...(names.length === 0 ? [required(r, `at least one ${r} is required`)] : []),
      ...overlaps(names, r),
      ...names.flatMap((name, j) => validateName(name, `${r}[${j}]`)),
      ...(providers.length === 0 ? [required(p, `at least one ${p} is required`)] : []),
      ...providers.flatMap((provider, j) => validateProvider(provider, `${p}[${j}]`)),
    ];
  });
}

function overlaps(names: string[], field: string): FieldError[] {
  const parsed = names.map(groupResource);
  const pairs = parsed.flatMap((a, i) => parsed.slice(i + 1).map((b) => [a, b] as const));
  const same = pairs.some(([a, b]) => a.group === b.group && a.resource === b.resource);
  const everything = (name: GroupResource): boolean => name.group === "*" && name.resource === "*";
  const masked = pairs.some(([a, b]) => {
    if (a.group === b.group && a.resource === b.resource) return false;
    return everything(a) || everything(b) || (a.group === b.group && (a.resource === "*" || b.resource === "*"));
  });
  return [
    ...(same ? [invalid(field, names, "the same resource cannot be specified multiple times")] : []),
    ...(masked ? [invalid(field, names, "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked")] : []),
  ];
}

function validateName(name: string, field: string): FieldError[] {
  const { group, resource } = groupResource(name);
  if (/[A-Z]/.test(name)) return [invalid(field, name, "resource name should not contain capital letters")];
  if (name === "*") return [invalid(field, name, "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources")];
  if (group === "events.k8s.io") return [invalid(field, name, "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file")];
  if (group === "extensions") return [invalid(field, name, "'extensions' group has been removed and cannot be used for encryption")];
  if (group === "*" && resource !== "*") return [invalid(field, name, "encrypting the same resource across groups is not supported")];
  return [];
}

function validateProvider(provider: ProviderConfiguration, field: string): FieldError[] {
  const kinds = Object.keys(provider);
  if (kinds.length > 1) return [invalid(field, kinds, "more than one provider specified in a single element, should split into different list elements")];
  const [kind] = kinds;
  // Secretbox and KMS among them: what can't be written must not look as if it were.
  if (kind === undefined || !PROVIDERS.includes(kind)) return [notSupported(field, kind ?? "", PROVIDERS)];
  return kind === "identity" ? [] : validateKeys(provider[kind]?.keys ?? [], `${field}.${kind}.keys`);
}

function validateKeys(keys: Key[], field: string): FieldError[] {
  if (keys.length === 0) return [required(field, "at least one keys is required")];
  return keys.flatMap(({ name, secret }, i) => {
    const at = `${field}[${i}]`;
    return [...(name ? [] : [required(`${at}.name`, "name is a mandatory field for a key")]), ...validateSecret(secret, `${at}.secret`)];
  });
}

function validateSecret(secret: string | undefined, field: string): FieldError[] {
  if (!secret) return [required(field, "secret is a mandatory field for a key")];
  const bytes = Buffer.from(secret, "base64");
  if (bytes.toString("base64") !== secret) return [invalid(field, "REDACTED", "secrets must be base64 encoded")];
  return AES_KEY_BYTES.includes(bytes.length)
    ? []
    : [invalid(field, "REDACTED", `secret is not of the expected length, got ${bytes.length}, expected one of [${AES_KEY_BYTES.join(" ")}]`)];
}

export interface GroupResource {
  group: string;
  resource: string;
}

/** `widgets.example.org` in its parts. */
export function groupResource(name: string): GroupResource {
  const dot = name.indexOf(".");
  return dot < 0 ? { group: "", resource: name } : { group: name.slice(dot + 1), resource: name.slice(0, dot) };
}

/** What a new cluster gets: Secrets are encrypted, and those that were stored before are still read. */
export function newEncryptionConfiguration(secret: Buffer): string {
  return `# Reference and how to change keys: https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/
# Without this file the encrypted objects can't be read: keep a copy apart from the backups of the store.
apiVersion: ${API_VERSION}
kind: ${KIND}
resources:
  - resources:
      - secrets
    providers:
      # The first provider and key write, all of them read.
      - aesgcm:
          keys:
            - name: key1
              secret: ${secret.toString("base64")}
      # Reads what was stored before it was encrypted.
      - identity: {}
`;
}

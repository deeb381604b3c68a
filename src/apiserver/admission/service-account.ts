/**
 * Pods run as a service account, get its token in a projected volume and its pull secrets, and use only
 * secrets that it lists where it asks for that.
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/admission/serviceaccount/admission.go
 */
import { randomSuffix, type Rng } from "#lib/random.ts";
import type { Container, Pod, ServiceAccount, Volume } from "#api/types.ts";
import { isAbout, refusal, type AdmissionPlugin, type Attributes } from "./admission.ts";

export const TOKEN_MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
const VOLUME_PREFIX = "kube-api-access-";
/** An hour and seven seconds: recognizable, as upstream's. */
const TOKEN_EXPIRATION_SECONDS = 3607;
/** The annotation of mirror pods, which kubelets make for static pods. */
const MIRROR_POD = "kubernetes.io/config.mirror";
const ENFORCE_SECRETS = "kubernetes.io/enforce-mountable-secrets";

export function serviceAccountAdmission(findServiceAccount: (namespace: string, name: string) => ServiceAccount | undefined, rng: Rng): AdmissionPlugin {
  function accountOf(attributes: Attributes, name: string): ServiceAccount {
    const { namespace } = attributes;
    const account = findServiceAccount(namespace, name);
    if (!account) throw refusal(attributes, `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`);
    return account;
  }

  function validate(attributes: Attributes): void {
    const { operation, namespace, object } = attributes;
    if (operation === "UPDATE" && isAbout(attributes, "", "pods", "ephemeralcontainers")) return checkEphemeralContainers(attributes);
    if (operation !== "CREATE" || !isAbout(attributes, "", "pods")) return;
    const pod = object as Pod;
    if (isMirror(pod)) return checkMirrorPod(attributes, pod);
    const { serviceAccountName } = pod.spec;
    if (!serviceAccountName) throw refusal(attributes, `no service account specified for pod ${namespace}/${pod.metadata.name ?? ""}`);
    const account = accountOf(attributes, serviceAccountName);
    const problem = enforcesSecrets(account) ? foreignSecret(pod, account) : undefined;
    if (problem) throw refusal(attributes, problem);
  }

  function checkEphemeralContainers(attributes: Attributes): void {
    const { spec } = attributes.object as Pod;
    const account = accountOf(attributes, spec.serviceAccountName ?? "default");
    if (!enforcesSecrets(account)) return;
    const problem = foreignSecretOf(spec.ephemeralContainers ?? [], "ephemeral container", account);
    if (problem) throw refusal(attributes, problem);
  }

  return {
    name: "ServiceAccount",
    admit(attributes) {
      const { operation, object } = attributes;
      if (operation !== "CREATE" || !isAbout(attributes, "", "pods")) return;
      const pod = object as Pod;
      if (isMirror(pod)) return validate(attributes);
      const { spec } = pod;
      spec.serviceAccountName ||= spec.serviceAccount || "default";
      spec.serviceAccount = spec.serviceAccountName;
      const account = accountOf(attributes, spec.serviceAccountName);
      if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(pod, rng);
      if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
        spec.imagePullSecrets = account.imagePullSecrets.map(({ name = "" }) => ({ name }));
      }
      validate(attributes);
    },
    validate,
  };
}

function isMirror({ metadata }: Pod): boolean {
  return metadata.annotations?.[MIRROR_POD] !== undefined;
}

/** What the node alone decides on can't have what the API server hands out. */
function checkMirrorPod(attributes: Attributes, { spec }: Pod): void {
  if (spec.serviceAccountName) throw refusal(attributes, "a mirror pod may not reference service accounts");
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const volumes = spec.volumes ?? [];
  const sources = volumes.flatMap(({ projected }) => projected?.sources ?? []);
  const usesSecrets =
    (spec.imagePullSecrets?.length ?? 0) > 0 ||
    volumes.some(({ secret }) => secret) ||
    sources.some(({ secret }) => secret) ||
    containers.some(({ env, envFrom }) => env?.some(({ valueFrom }) => valueFrom?.secretKeyRef) || envFrom?.some(({ secretRef }) => secretRef));
  if (usesSecrets) throw refusal(attributes, "a mirror pod may not reference secrets");
  if (sources.some(({ serviceAccountToken }) => serviceAccountToken)) throw refusal(attributes, "a mirror pod may not use ServiceAccountToken volume projections");
}

function enforcesSecrets({ metadata }: ServiceAccount): boolean {
  return ["1", "t", "T", "true", "TRUE", "True"].includes(metadata.annotations?.[ENFORCE_SECRETS] ?? "");
}

/** The first use of a secret that the account doesn't list. */
function foreignSecret({ spec }: Pod, account: ServiceAccount): string | undefined {
  const mountable = new Set(account.secrets?.map(({ name }) => name));
  for (const { secret } of spec.volumes ?? []) {
    if (secret && !mountable.has(secret.secretName)) {
      return `volume with secret.secretName="${secret.secretName ?? ""}" is not allowed because service account ${account.metadata.name} does not reference that secret`;
    }
  }
  const problem = foreignSecretOf(spec.initContainers ?? [], "init container", account) ?? foreignSecretOf(spec.containers, "container", account);
  if (problem) return problem;
  const pullable = new Set(account.imagePullSecrets?.map(({ name }) => name));
  const index = (spec.imagePullSecrets ?? []).findIndex(({ name }) => !pullable.has(name));
  if (index < 0) return undefined;
  return `imagePullSecrets[${index}].name="${spec.imagePullSecrets![index]!.name ?? ""}" is not allowed because service account ${account.metadata.name} does not reference that imagePullSecret`;
}

function foreignSecretOf(containers: Pick<Container, "name" | "env" | "envFrom">[], title: string, account: ServiceAccount): string | undefined {
  const mountable = new Set(account.secrets?.map(({ name }) => name));
  const why = (secret: string | undefined): string =>
    `referencing secret.secretName="${secret ?? ""}" is not allowed because service account ${account.metadata.name} does not reference that secret`;
  for (const { name, env = [], envFrom = [] } of containers) {
    const variable = env.find(({ valueFrom }) => valueFrom?.secretKeyRef && !mountable.has(valueFrom.secretKeyRef.name));
    if (variable) return `${title} ${name} with envVar ${variable.name} ${why(variable.valueFrom!.secretKeyRef!.name)}`;
    const source = envFrom.find(({ secretRef }) => secretRef && !mountable.has(secretRef.name));
    if (source) return `${title} ${name} with envFrom ${why(source.secretRef!.name)}`;
  }
  return undefined;
}

function mountToken(pod: Pod, rng: Rng): void {
  const { spec } = pod;
  const containers: Container[] = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const without = containers.filter(({ volumeMounts }) => !volumeMounts?.some(({ mountPath }) => mountPath === TOKEN_MOUNT_PATH));
  if (without.length === 0) return;
  let volume = spec.volumes?.find(({ name, projected }) => name.startsWith(VOLUME_PREFIX) && projected)?.name;
  if (volume === undefined) {
    volume = VOLUME_PREFIX + randomSuffix(rng);
    spec.volumes = [...(spec.volumes ?? []), tokenVolume(volume)];
  }
  for (const container of without) {
    container.volumeMounts = [...(container.volumeMounts ?? []), { name: volume, readOnly: true, mountPath: TOKEN_MOUNT_PATH }];
  }
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_EXPIRATION_SECONDS, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        { downwardAPI: { items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }] } },
      ],
    },
  };
}

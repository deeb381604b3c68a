/**
 * A container's environment, from its spec and the objects it refers to. Pure: whoever calls has
 * fetched those objects.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables)
 */
import type { ConfigMap, Container, Pod, Secret } from "#api/types.ts";
import { fieldValue, resourceValue, type PodFacts } from "./downward.ts";
import { expand } from "./expansion.ts";

/** A container can't be configured as its spec asks: CreateContainerConfigError. */
export class ConfigError extends Error {}

/** The ConfigMaps and Secrets of the pod's namespace, by name. */
export interface Configuration {
  configMap(name: string): ConfigMap | undefined;
  secret(name: string): Secret | undefined;
}

export interface Environment {
  env: Record<string, string>;
  /** Events to record: keys that are no variable names. */
  warnings: string[];
}

/** What validation accepts as a variable's name: printable ASCII without `=`. */
const VALID_NAME = /^[ -<>-~]+$/;

/**
 * The variables in force, later ones over earlier: `base` (image, Services), `envFrom`, `env`.
 * Throws a {@link ConfigError} where something referred to is missing and not optional.
 */
export function containerEnvironment(
  pod: Pod,
  container: Container,
  base: Record<string, string>,
  configuration: Configuration,
  facts: PodFacts,
): Environment {
  const namespace = pod.metadata.namespace!;
  const warnings: string[] = [];
  const env: Record<string, string> = { ...base };

  for (const { prefix = "", configMapRef, secretRef } of container.envFrom ?? []) {
    const isSecret = secretRef !== undefined;
    const { name, optional } = (secretRef ?? configMapRef)!;
    const data = isSecret ? secretData(configuration.secret(name!)) : configuration.configMap(name!) && (configuration.configMap(name!)!.data ?? {});
    if (!data) {
      if (optional) continue;
      throw new ConfigError(`${isSecret ? "secret" : "configmap"} "${name}" not found`);
    }
    const invalid: string[] = [];
    for (const [key, value] of Object.entries(data)) {
      if (VALID_NAME.test(prefix + key)) env[prefix + key] = value;
      else invalid.push(prefix + key);
    }
    if (invalid.length > 0) {
      warnings.push(
        `Keys [${invalid.sort().join(", ")}] from the EnvFrom ${isSecret ? "secret" : "configMap"} ${namespace}/${name} were skipped since they are considered invalid environment variable names.`,
      );
    }
  }

  for (const { name, value, valueFrom } of container.env ?? []) {
    if (!valueFrom) {
      // References see the variables set before this one; upstream, those of the container only come first.
      env[name] = expand(value ?? "", (other) => env[other]);
      continue;
    }
    const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
    try {
      if (fieldRef) env[name] = fieldValue(pod, fieldRef.fieldPath, facts);
      else if (resourceFieldRef) {
        const target = resourceFieldRef.containerName ?? container.name;
        const other = [...(pod.spec.initContainers ?? []), ...pod.spec.containers, ...(pod.spec.ephemeralContainers ?? [])].find((candidate) => candidate.name === target);
        if (!other) throw new Error(`container ${target} not found`);
        env[name] = resourceValue(other, resourceFieldRef.resource, resourceFieldRef.divisor, facts);
      } else if (configMapKeyRef) {
        const found = configuration.configMap(configMapKeyRef.name!);
        const text = found?.data?.[configMapKeyRef.key];
        if (text !== undefined) env[name] = text;
        else if (configMapKeyRef.optional) continue;
        else if (!found) throw new ConfigError(`configmap "${configMapKeyRef.name}" not found`);
        else throw new ConfigError(`couldn't find key ${configMapKeyRef.key} in ConfigMap ${namespace}/${configMapKeyRef.name}`);
      } else if (secretKeyRef) {
        const found = configuration.secret(secretKeyRef.name!);
        const text = secretData(found)?.[secretKeyRef.key];
        if (text !== undefined) env[name] = text;
        else if (secretKeyRef.optional) continue;
        else if (!found) throw new ConfigError(`secret "${secretKeyRef.name}" not found`);
        else throw new ConfigError(`couldn't find key ${secretKeyRef.key} in Secret ${namespace}/${secretKeyRef.name}`);
      } else throw new Error(`${Object.keys(valueFrom).join(", ") || "an empty valueFrom"} is not supported by this node`);
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      throw new ConfigError(`env ${name}: ${(error as Error).message}`);
    }
  }
  return { env, warnings };
}

/** A Secret's values as text. */
function secretData(secret: Secret | undefined): Record<string, string> | undefined {
  if (!secret) return undefined;
  return Object.fromEntries(Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]));
}

/** The process's arguments: the spec's command and args over the image's, with `$(NAME)` filled in. */
export function containerArguments(
  container: Pick<Container, "command" | "args">,
  image: { Entrypoint?: string[] | undefined; Cmd?: string[] | undefined },
  env: Record<string, string>,
): string[] {
  const lookup = (name: string): string | undefined => env[name];
  const fill = (list: string[] | undefined): string[] => (list ?? []).map((item) => expand(item, lookup));
  const command = fill(container.command);
  const args = fill(container.args);
  // As upstream: a command alone drops the image's Cmd.
  if (command.length > 0) return [...command, ...args];
  return [...(image.Entrypoint ?? []), ...(args.length > 0 ? args : (image.Cmd ?? []))];
}

/** Environment variables and where they come from. */
import type { FieldError } from "../errors.ts";
import type { Container } from "../types.ts";
import { invalid, invalidFor, notSupported, required } from "./field-errors.ts";
import { configMapKey, dns1123Subdomain, envVarName, qualifiedName } from "./names.ts";

type EnvVar = NonNullable<Container["env"]>[number];
type EnvFrom = NonNullable<Container["envFrom"]>[number];
type ValueFrom = NonNullable<EnvVar["valueFrom"]>;

const ENV_FIELDS = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];
const RESOURCES = ["limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"];

export function validateEnv(variables: EnvVar[], field: string): FieldError[] {
  return variables.flatMap(({ name, value, valueFrom }, i) => {
    const path = `${field}[${i}]`;
    return [
      ...(name ? invalidFor(`${path}.name`, name, envVarName(name)) : [required(`${path}.name`)]),
      ...(valueFrom ? validateValueFrom(valueFrom, value, `${path}.valueFrom`) : []),
    ];
  });
}

function validateValueFrom({ fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef }: ValueFrom, value: string | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (fieldRef) errors.push(...validateFieldRef(fieldRef, ENV_FIELDS, `${field}.fieldRef`));
  if (resourceFieldRef) errors.push(...validateResourceFieldRef(resourceFieldRef, `${field}.resourceFieldRef`, false));
  if (configMapKeyRef) errors.push(...validateKeyRef(configMapKeyRef, `${field}.configMapKeyRef`));
  if (secretKeyRef) errors.push(...validateKeyRef(secretKeyRef, `${field}.secretKeyRef`));
  const sources = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter((source) => source !== undefined).length;
  if (sources === 0) errors.push(invalid(field, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"));
  else if (value) errors.push(invalid(field, "", "may not be specified when `value` is not empty"));
  else if (sources > 1) errors.push(invalid(field, "", "may not have more than one field specified at a time"));
  return errors;
}

function validateKeyRef({ name = "", key }: { name?: string; key: string }, field: string): FieldError[] {
  return [...invalidFor(`${field}.name`, name, dns1123Subdomain(name)), ...(key ? invalidFor(`${field}.key`, key, configMapKey(key)) : [required(`${field}.key`)])];
}

/** A field of the pod; `fields` are those allowed where it is used. Labels and annotations may be named: `metadata.labels['app']`. */
export function validateFieldRef({ fieldPath }: { fieldPath: string }, fields: readonly string[], field: string): FieldError[] {
  if (!fieldPath) return [required(`${field}.fieldPath`)];
  const subscripted = /^(.*)\['(.*)'\]$/.exec(fieldPath);
  if (subscripted) {
    const [, path, key] = subscripted;
    if (path === "metadata.annotations") return invalidFor(field, key, qualifiedName(key!.toLowerCase()));
    if (path === "metadata.labels") return invalidFor(field, key, qualifiedName(key!));
    if (CONVERTIBLE.includes(path!)) return [invalid(field, path, "does not support subscript")];
  }
  if (!CONVERTIBLE.includes(fieldPath)) {
    return [invalid(`${field}.fieldPath`, fieldPath, `error converting fieldPath: field label not supported: ${fieldPath}`)];
  }
  return fields.includes(fieldPath) ? [] : [notSupported(`${field}.fieldPath`, fieldPath, [...fields].sort())];
}

/** Fields the downward API knows at all. */
const CONVERTIBLE = [...ENV_FIELDS, "metadata.annotations", "metadata.labels", "spec.restartPolicy", "spec.schedulerName", "status.phase", "status.podIP", "spec.hostNetwork"];

const BINARY_DIVISORS = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/** `inVolume`: a volume belongs to no container, so the reference has to name one. */
export function validateResourceFieldRef(
  { containerName, resource, divisor = "0" }: { containerName?: string; resource: string; divisor?: string },
  field: string,
  inVolume: boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  if (inVolume && !containerName) errors.push(required(`${field}.containerName`));
  else if (!resource) errors.push(required(`${field}.resource`));
  else if (!RESOURCES.includes(resource) && !/^(requests|limits)\.hugepages-/.test(resource)) errors.push(notSupported(`${field}.resource`, resource, RESOURCES));
  if (divisor === "0") return errors;
  if (resource.endsWith(".cpu") && !["1m", "1"].includes(divisor)) {
    errors.push(invalid(`${field}.divisor`, resource, "only divisor's values 1m and 1 are supported with the cpu resource"));
  }
  const sized = { memory: "memory", "ephemeral-storage": "local ephemeral storage" }[resource.slice(resource.indexOf(".") + 1)];
  if (sized && !BINARY_DIVISORS.includes(divisor)) {
    errors.push(invalid(`${field}.divisor`, resource, `only divisor's values ${BINARY_DIVISORS.join(", ")} are supported with the ${sized} resource`));
  }
  return errors;
}

export function validateEnvFrom(sources: EnvFrom[], field: string): FieldError[] {
  return sources.flatMap(({ prefix, configMapRef, secretRef }, i) => {
    const path = `${field}[${i}]`;
    const errors = prefix ? invalidFor(`${path}.prefix`, prefix, envVarName(prefix)) : [];
    for (const [name, reference] of Object.entries({ configMapRef, secretRef })) {
      if (!reference) continue;
      if (reference.name) errors.push(...invalidFor(`${path}.${name}.name`, reference.name, dns1123Subdomain(reference.name)));
      else errors.push(required(`${path}.${name}.name`));
    }
    if (!configMapRef && !secretRef) errors.push(invalid(field, "", "must specify one of: `configMapRef` or `secretRef`"));
    else if (configMapRef && secretRef) errors.push(invalid(field, "", "may not have more than one field specified at a time"));
    return errors;
  });
}

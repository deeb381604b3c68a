/**
 * ConfigMaps and Secrets.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidateConfigMap, ValidateSecret)
 */
import { isDeepStrictEqual } from "node:util";
import type { FieldError } from "../errors.ts";
import type { ConfigMap, Secret } from "../types.ts";
import { forbidden, invalid, invalidFor, required, tooLong, validateImmutable } from "./field-errors.ts";
import { configMapKey, dns1123Subdomain, validateName } from "./names.ts";

const MAX_BYTES = 1024 * 1024;

export function validateConfigMap({ metadata, data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors = [...validateName(metadata.name, dns1123Subdomain), ...validateKeys(data, "data")];
  for (const key of Object.keys(data)) if (Object.hasOwn(binaryData, key)) errors.push(invalid(`data[${key}]`, key, "duplicate of key present in binaryData"));
  errors.push(...validateKeys(binaryData, "binaryData"));
  const sizeBytes = sum(Object.values(data).map((text) => Buffer.byteLength(text))) + sum(Object.values(binaryData).map(decodedBytes));
  return sizeBytes > MAX_BYTES ? [...errors, tooLong("[]", MAX_BYTES)] : errors;
}

export function validateConfigMapUpdate(object: ConfigMap, old: ConfigMap): FieldError[] {
  return validateFrozen({ ...object }, { ...old }, ["data", "binaryData"]);
}

export function validateSecret({ metadata, data = {}, type }: Secret): FieldError[] {
  const errors = [...validateName(metadata.name, dns1123Subdomain), ...validateKeys(data, "data")];
  if (sum(Object.values(data).map(decodedBytes)) > MAX_BYTES) errors.push(tooLong("data", MAX_BYTES));
  const missing = (key: string): FieldError[] => (Object.hasOwn(data, key) ? [] : [required(`data[${key}]`)]);
  switch (type ?? "Opaque") {
    case "kubernetes.io/service-account-token": {
      const annotation = "kubernetes.io/service-account.name";
      return metadata.annotations?.[annotation] ? errors : [...errors, required(`metadata.annotations[${annotation}]`)];
    }
    case "kubernetes.io/dockercfg":
      return [...errors, ...missing(".dockercfg"), ...validateJson(data, ".dockercfg")];
    case "kubernetes.io/dockerconfigjson":
      return [...errors, ...missing(".dockerconfigjson"), ...validateJson(data, ".dockerconfigjson")];
    case "kubernetes.io/basic-auth":
      return "username" in data || "password" in data ? errors : [...errors, required("data[username]"), required("data[password]")];
    case "kubernetes.io/ssh-auth":
      return data["ssh-privatekey"] ? errors : [...errors, required("data[ssh-privatekey]")];
    case "kubernetes.io/tls":
      return [...errors, ...missing("tls.crt"), ...missing("tls.key")];
    default:
      return errors;
  }
}

export function validateSecretUpdate(object: Secret, old: Secret): FieldError[] {
  return [...validateImmutable("type", object.type, old.type), ...validateFrozen({ ...object }, { ...old }, ["data"])];
}

function validateKeys(data: Record<string, string>, field: string): FieldError[] {
  return Object.keys(data).flatMap((key) => invalidFor(`${field}[${key}]`, key, configMapKey(key)));
}

/** What `immutable: true` forbids. */
function validateFrozen(object: Record<string, unknown>, old: Record<string, unknown>, fields: string[]): FieldError[] {
  if (!old["immutable"]) return [];
  const why = "field is immutable when `immutable` is set";
  const thawed = object["immutable"] ? [] : [forbidden("immutable", why)];
  return [...thawed, ...fields.filter((name) => !isDeepStrictEqual(object[name] ?? {}, old[name] ?? {})).map((name) => forbidden(name, why))];
}

function validateJson(data: Record<string, string>, key: string): FieldError[] {
  if (!Object.hasOwn(data, key)) return [];
  try {
    const value: unknown = JSON.parse(Buffer.from(data[key]!, "base64").toString("utf8"));
    if (typeof value === "object" && !Array.isArray(value)) return [];
    throw new Error(`json: cannot unmarshal ${Array.isArray(value) ? "array" : typeof value} into Go value of type map[string]interface {}`);
  } catch (error) {
    return [invalid(`data[${key}]`, "<secret contents redacted>", (error as Error).message)];
  }
}

function decodedBytes(base64: string): number {
  return Buffer.byteLength(base64, "base64");
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/**
 * Which level, of which Kubernetes version, a namespace asks for, and whether a pod keeps it.
 * @see https://kubernetes.io/docs/concepts/security/pod-security-admission/#pod-security-admission-labels-for-namespaces
 */
import type { FieldError } from "#api/errors.ts";
import type { ObjectMeta, PodSpec } from "#api/types.ts";
import { BASELINE, type Check, type CheckFunction, type Level, type Violation } from "./checks.ts";
import { RESTRICTED } from "./restricted.ts";

export interface LevelVersion {
  level: Level;
  /** The minor version; the newest is Infinity. */
  version: number;
}

export interface Policy {
  enforce: LevelVersion;
  audit: LevelVersion;
  warn: LevelVersion;
}

const PREFIX = "pod-security.kubernetes.io/";
const LEVELS: Level[] = ["privileged", "baseline", "restricted"];
const LATEST = Infinity;

/** `restricted:latest`, `baseline:v1.28`. */
export function levelVersionText({ level, version }: LevelVersion): string {
  return `${level}:${version === LATEST ? "latest" : `v1.${version}`}`;
}

export function sameLevelVersion(a: LevelVersion, b: LevelVersion): boolean {
  return a.level === b.level && a.version === b.version;
}

/** Above 0 when the first is the stricter. */
export function compareLevels(a: Level, b: Level): number {
  return LEVELS.indexOf(a) - LEVELS.indexOf(b);
}

/** The policy of a namespace's labels. Wrong ones are told, and taken as the strictest to enforce and as nothing to audit and to warn of. */
export function policyOf(labels: Record<string, string> | undefined): { policy: Policy; errors: FieldError[] } {
  const errors: FieldError[] = [];
  const read = (label: string, parse: (text: string) => unknown, why: string): string | undefined => {
    const text = labels?.[PREFIX + label];
    if (text !== undefined && parse(text) === undefined) {
      errors.push({ field: `metadata.labels[${PREFIX}${label}]`, type: "Invalid", message: `Invalid value: ${JSON.stringify(text)}: ${why}` });
    }
    return text;
  };
  const mode = (name: keyof Policy, otherwise: Level): LevelVersion & { text: string | undefined; versionText: string | undefined } => {
    const text = read(name, levelOf, "must be one of privileged, baseline, restricted");
    const versionText = read(`${name}-version`, versionOf, 'must be "latest" or "v1.x"');
    return { level: text === undefined ? "privileged" : (levelOf(text) ?? otherwise), version: versionOf(versionText ?? "latest") ?? LATEST, text, versionText };
  };
  const enforce = mode("enforce", "restricted");
  const audit = mode("audit", "privileged");
  const warn = mode("warn", "privileged");
  // Who enforces a level and says nothing of warnings is warned of what controllers will fail to create.
  if (warn.text === undefined && levelOf(enforce.text ?? "") && compareLevels(enforce.level, warn.level) > 0) {
    warn.level = enforce.level;
    if (warn.versionText === undefined) warn.version = enforce.version;
  }
  const plain = ({ level, version }: LevelVersion): LevelVersion => ({ level, version });
  return { policy: { enforce: plain(enforce), audit: plain(audit), warn: plain(warn) }, errors };
}

function levelOf(text: string): Level | undefined {
  return LEVELS.find((level) => level === text);
}

function versionOf(text: string): number | undefined {
  if (text === "latest") return LATEST;
  const parsed = /^v1\.(0|[1-9]\d*)$/.exec(text);
  return parsed ? Number(parsed[1]) : undefined;
}

const compiled = new Map<string, CheckFunction[]>();

/** What the pod does that the level forbids; empty when it keeps it. */
export function violationsOf(policy: LevelVersion, metadata: ObjectMeta, spec: PodSpec): Violation[] {
  if (policy.level === "privileged") return [];
  const key = levelVersionText(policy);
  let checks = compiled.get(key);
  if (!checks) compiled.set(key, (checks = checksFor(policy)));
  return checks.flatMap((check) => check(metadata, spec) ?? []);
}

function checksFor({ level, version }: LevelVersion): CheckFunction[] {
  const revision = ({ versions }: Check) => versions.findLast(({ since }) => since <= version);
  const restricted = level === "restricted" ? RESTRICTED.map(revision).filter((found) => found !== undefined) : [];
  const overridden = restricted.map(({ overrides }) => overrides);
  const baseline = BASELINE.filter(({ id }) => !overridden.includes(id)).map(revision).filter((found) => found !== undefined);
  return [...baseline, ...restricted].map(({ check }) => check);
}

/** `host namespaces (hostPID=true), privileged (container "a" must not ...)`. */
export function detailText(violations: readonly Violation[]): string {
  return violations.map(({ reason, detail }) => (detail === "" ? reason : `${reason} (${detail})`)).join(", ");
}

export function reasonText(violations: readonly Violation[]): string {
  return violations.map(({ reason }) => reason).join(", ");
}

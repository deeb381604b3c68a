import { declare, FunctionError, memberOverload, overload, resultOf, type Implementation, type Library } from "../functions.ts";
import { BOOL, INT, STRING, opaqueType } from "../types.ts";
import { CelError, CelOpaque, MAX_UINT, type CelValue } from "../values.ts";
import { quoted } from "./addresses.ts";

const SEMVER = opaqueType("kubernetes.Semver");

class Semver extends CelOpaque {
  override readonly type = SEMVER;
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  readonly prerelease: readonly (bigint | string)[];

  constructor(major: bigint, minor: bigint, patch: bigint, prerelease: readonly (bigint | string)[]) {
    super();
    [this.major, this.minor, this.patch, this.prerelease] = [major, minor, patch, prerelease];
  }

  override weight(): number {
    return this.prerelease.length;
  }

  override equals(other: CelOpaque): boolean {
    return compareVersions(this, other as Semver) === 0;
  }
}

function number(text: string, name: string): bigint {
  if (!/^\d*$/.test(text)) throw new FunctionError(`Invalid character(s) found in ${name.toLowerCase()} number ${quoted(text)}`);
  if (/^0\d/.test(text)) throw new FunctionError(`${name} number must not contain leading zeroes ${quoted(text)}`);
  return uint64(text);
}

function uint64(text: string): bigint {
  if (text === "") throw new FunctionError(`strconv.ParseUint: parsing "": invalid syntax`);
  if (text.length > 20 || BigInt(text) > MAX_UINT) throw new FunctionError(`strconv.ParseUint: parsing ${quoted(text)}: value out of range`);
  return BigInt(text);
}

function cut(text: string, separator: string): [before: string, after: string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function parseVersion(text: string): Semver {
  if (text === "") throw new FunctionError("Version string empty");
  const [major, afterMajor] = cut(text, ".");
  const [minor, rest] = afterMajor === undefined ? ["", undefined] : cut(afterMajor, ".");
  if (rest === undefined) throw new FunctionError("No Major.Minor.Patch elements found");
  const [beforeBuild, build] = cut(rest, "+");
  const [patch, prerelease] = cut(beforeBuild, "-");
  const numbers = [number(major, "Major"), number(minor, "Minor"), number(patch, "Patch")] as const;
  const identifiers = prerelease?.split(".").map(prereleaseIdentifier) ?? [];
  for (const identifier of build?.split(".") ?? []) {
    if (identifier === "") throw new FunctionError("Build meta data is empty");
    if (!/^[0-9A-Za-z-]+$/.test(identifier)) throw new FunctionError(`Invalid character(s) found in build meta data ${quoted(identifier)}`);
  }
  return new Semver(...numbers, identifiers);
}

function prereleaseIdentifier(text: string): bigint | string {
  if (text === "") throw new FunctionError("Prerelease is empty");
  if (/^\d+$/.test(text)) {
    if (/^0\d/.test(text)) throw new FunctionError(`Numeric PreRelease version must not contain leading zeroes ${quoted(text)}`);
    return uint64(text);
  }
  if (!/^[0-9A-Za-z-]+$/.test(text)) throw new FunctionError(`Invalid character(s) found in prerelease ${quoted(text)}`);
  return text;
}

/** `v1.02` as `1.2.0`. */
function normalized(text: string): string {
  const plain = text.replace(/^v/, "");
  const [major, afterMajor] = cut(plain, ".");
  const [minor, rest] = afterMajor === undefined ? [undefined, undefined] : cut(afterMajor, ".");
  const parts = [major, minor, rest].filter((part) => part !== undefined).map((part) => {
    if (part.length <= 1) return part;
    const trimmed = part.replace(/^0+/, "");
    return /^\d/.test(trimmed) ? trimmed : `0${trimmed}`;
  });
  if (parts.length < 3 && /[+-]/.test(parts.at(-1)!)) throw new FunctionError("short version cannot contain PreRelease/Build meta data");
  while (parts.length < 3) parts.push("0");
  return parts.join(".");
}

function compareVersions(a: Semver, b: Semver): -1 | 0 | 1 {
  for (const part of ["major", "minor", "patch"] as const) if (a[part] !== b[part]) return a[part] < b[part] ? -1 : 1;
  // A version with a prerelease comes before the one without.
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return sign(Number(b.prerelease.length > 0) - Number(a.prerelease.length > 0));
  for (let index = 0; index < Math.min(a.prerelease.length, b.prerelease.length); index++) {
    const [left, right] = [a.prerelease[index]!, b.prerelease[index]!];
    if (left === right) continue;
    if (typeof left !== typeof right) return typeof left === "bigint" ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return sign(a.prerelease.length - b.prerelease.length);
}

function sign(value: number): -1 | 0 | 1 {
  return value < 0 ? -1 : value > 0 ? 1 : 0;
}

const semver: Implementation = ([text, normalize = false]) => resultOf(() => parseVersion(normalize === true ? normalized(text as string) : (text as string)));

const isSemver: Implementation = (args, meter) => !(semver(args, meter) instanceof CelError);

function comparing(result: (order: -1 | 0 | 1) => CelValue): Implementation {
  return ([a, b], meter) => {
    meter.work((a as Semver).weight());
    return result(compareVersions(a as Semver, b as Semver));
  };
}

/** @see https://github.com/kubernetes/apiserver/blob/master/pkg/cel/library/semverlib.go */
export const SEMVER_LIBRARY: Library = [
  declare("semver", overload("string_to_semver", [STRING], SEMVER, semver), overload("string_bool_to_semver", [STRING, BOOL], SEMVER, semver)),
  declare("isSemver", overload("is_semver_string", [STRING], BOOL, isSemver), overload("is_semver_string_bool", [STRING, BOOL], BOOL, isSemver)),
  declare("isGreaterThan", memberOverload("semver_is_greater_than", [SEMVER, SEMVER], BOOL, comparing((order) => order > 0))),
  declare("isLessThan", memberOverload("semver_is_less_than", [SEMVER, SEMVER], BOOL, comparing((order) => order < 0))),
  declare("compareTo", memberOverload("semver_compare_to", [SEMVER, SEMVER], INT, comparing((order) => BigInt(order)))),
  declare("major", memberOverload("semver_major", [SEMVER], INT, ([version]) => BigInt.asIntN(64, (version as Semver).major))),
  declare("minor", memberOverload("semver_minor", [SEMVER], INT, ([version]) => BigInt.asIntN(64, (version as Semver).minor))),
  declare("patch", memberOverload("semver_patch", [SEMVER], INT, ([version]) => BigInt.asIntN(64, (version as Semver).patch))),
];

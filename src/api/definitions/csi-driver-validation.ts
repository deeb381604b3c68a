/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/storage/validation/validation.go (ValidateCSIDriver) */
import type { FieldError } from "../errors.ts";
import type { CSIDriver } from "../types.ts";
import { duplicate, invalid, notSupported, required, validateImmutable, validateOneOf } from "./field-errors.ts";
import { dns1123Subdomain, validateName } from "./names.ts";

const GROUP_POLICIES = ["File", "None", "ReadWriteOnceWithFSType"];
const LIFECYCLE_MODES = ["Persistent", "Ephemeral"];
const MIN_UPDATE_PERIOD_SECONDS = 10;
const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;

export function validateCSIDriver({ metadata, spec }: CSIDriver): FieldError[] {
  const { nodeAllocatableUpdatePeriodSeconds: period, volumeLifecycleModes = [] } = spec;
  const missing = (name: "attachRequired" | "podInfoOnMount" | "storageCapacity" | "seLinuxMount", field: string = name): FieldError[] =>
    spec[name] === undefined ? [required(`spec.${field}`)] : [];
  return [
    ...validateName(metadata.name, dns1123Subdomain),
    // The name is upstream's.
    ...missing("attachRequired", "attachedRequired"),
    ...missing("podInfoOnMount"),
    ...missing("storageCapacity"),
    ...validateOneOf("spec.fsGroupPolicy", spec.fsGroupPolicy, GROUP_POLICIES),
    ...validateTokenRequests(spec.tokenRequests ?? []),
    ...volumeLifecycleModes.filter((mode) => !LIFECYCLE_MODES.includes(mode)).map((mode) => notSupported("spec.volumeLifecycleModes", mode, LIFECYCLE_MODES)),
    ...missing("seLinuxMount"),
    ...(period !== undefined && period < MIN_UPDATE_PERIOD_SECONDS ? [invalid("spec.nodeAllocatableUpdatePeriodSeconds", period, `must be greater than or equal to ${MIN_UPDATE_PERIOD_SECONDS} seconds`)] : []),
  ];
}

function validateTokenRequests(requests: NonNullable<CSIDriver["spec"]["tokenRequests"]>): FieldError[] {
  const audiences = new Set<string>();
  return requests.flatMap(({ audience, expirationSeconds: seconds }, i) => {
    const field = `spec.tokenRequests[${i}]`;
    if (audiences.has(audience)) return [duplicate(`${field}.audience`, audience)];
    audiences.add(audience);
    if (seconds === undefined) return [];
    if (seconds < MIN_TOKEN_SECONDS) return [invalid(`${field}.expirationSeconds`, seconds, "may not specify a duration less than 10 minutes")];
    return seconds > MAX_TOKEN_SECONDS ? [invalid(`${field}.expirationSeconds`, seconds, "may not specify a duration larger than 2^32 seconds")] : [];
  });
}

export function validateCSIDriverUpdate({ spec }: CSIDriver, { spec: old }: CSIDriver): FieldError[] {
  return [
    ...validateImmutable("spec.attachedRequired", spec.attachRequired, old.attachRequired),
    ...validateImmutable("spec.volumeLifecycleModes", spec.volumeLifecycleModes, old.volumeLifecycleModes),
  ];
}

import { CORE_FIELDS } from "./core-fields.ts";
import { GROUP_FIELDS } from "./group-fields.ts";

/**
 * The numbers of fields in Kubernetes' protocol buffer messages: part of the wire protocol, as the names
 * are of the JSON one. Names stand in the order of their numbers. `.` is a number not used here; `name?`
 * is a field whose zero value says something (a pointer in Go); `=Type` is a message of its own on the
 * wire whose fields JSON has in place. Messages and fields that are missing here are refused by name.
 * Keys are the last parts of models' names; where groups differ, the whole names.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 */
export const FIELDS: Record<string, string> = { ...CORE_FIELDS, ...GROUP_FIELDS };

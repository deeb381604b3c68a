import { declare, overload, type Library } from "../functions.ts";
import { STRING } from "../types.ts";

/** @see https://github.com/kubernetes/apiserver/blob/master/pkg/cel/library/jsonpatch.go */
export const JSON_PATCH_LIBRARY: Library = [
  declare("jsonpatch.escapeKey",
    overload("string_jsonpatch_escapeKey_string", [STRING], STRING, ([key]) => (key as string).replace(/[~/]/g, (character) => (character === "~" ? "~0" : "~1")))),
];

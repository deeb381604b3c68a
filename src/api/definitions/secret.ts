import { secrets } from "../resources.ts";
import type { Secret } from "../types.ts";
import { ageColumn, column, countTextColumn, nameColumn } from "./columns.ts";
import { validateSecret, validateSecretUpdate } from "./config-validation.ts";
import { define } from "./define.ts";

export const secret = define(secrets, {
  model: "io.k8s.api.core.v1.Secret",
  setDefaults(object) {
    object.type ||= "Opaque";
    encodeStringData(object);
  },
  validate: validateSecret,
  validateUpdate: validateSecretUpdate,
  fields: ({ type }) => ({ type: type ?? "" }),
  columns: [
    nameColumn(),
    column("Type", "Used to facilitate programmatic handling of secret data.", ({ type }) => type!),
    countTextColumn("Data", "The number of keys.", ({ data }) => Object.keys(data ?? {}).length),
    ageColumn(),
  ],
});

/** stringData is for writing only: it goes into data, over what is there. */
function encodeStringData(object: Secret): void {
  if (!object.stringData) return;
  object.data ??= {};
  for (const [key, text] of Object.entries(object.stringData)) object.data[key] = Buffer.from(text, "utf8").toString("base64");
  delete object.stringData;
}

import { configMaps } from "../resources.ts";
import { ageColumn, countTextColumn, nameColumn } from "./columns.ts";
import { validateConfigMap, validateConfigMapUpdate } from "./config-validation.ts";
import { define } from "./define.ts";

export const configMap = define(configMaps, {
  model: "io.k8s.api.core.v1.ConfigMap",
  shortNames: ["cm"],
  validate: validateConfigMap,
  validateUpdate: validateConfigMapUpdate,
  columns: [
    nameColumn(),
    countTextColumn("Data", "The number of keys.", ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length),
    ageColumn(),
  ],
});

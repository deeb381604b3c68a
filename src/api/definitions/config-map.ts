import { configMaps } from "../resources.ts";
import { ageColumn, countColumn, nameColumn } from "./columns.ts";
import { define } from "./define.ts";

export const configMap = define(configMaps, {
  model: "io.k8s.api.core.v1.ConfigMap",
  shortNames: ["cm"],
  columns: [
    nameColumn(),
    countColumn("Data", "The number of keys.", ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length),
    ageColumn(),
  ],
});

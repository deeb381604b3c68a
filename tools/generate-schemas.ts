/** Generates the API schemas anew into generated/openapi, as the API server does by itself when they are missing or stale. */
import { fileURLToPath } from "node:url";
import { generate } from "#api/openapi/generate.ts";

const startMs = performance.now();
const { models } = generate(fileURLToPath(new URL("../generated/openapi", import.meta.url)));
console.log(`${Object.keys(models).length} types in ${Math.round(performance.now() - startMs)} ms`);

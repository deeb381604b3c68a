/** Tidepool's own version, from its package, and where the package is. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import manifest from "../../package.json" with { type: "json" };

export const VERSION = manifest.version;

/** The root of the checkout or the installed package. */
export const repositoryRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Tidepool's own version, from its package. */
import manifest from "../../package.json" with { type: "json" };

export const VERSION = manifest.version;

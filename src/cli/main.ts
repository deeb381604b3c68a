/** The `tidepool` command. Each subcommand is one file in commands/, loaded when it is called. */
import { run } from "@stricli/core";
import { app } from "./app.ts";

await run(app, process.argv.slice(2), { process });
// Stricli reports usage errors as negative codes; shells know 2 for them.
if (typeof process.exitCode === "number" && process.exitCode < 0) process.exitCode = 2;

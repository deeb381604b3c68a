/** The `tidepool` command. Each subcommand is one file in commands/, loaded when it is called. */
import { run } from "@stricli/core";
import { app } from "./app.ts";

// A reader that has seen enough (`| head`) is no failure, and must not end a start half way.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

const [first, ...rest] = process.argv.slice(2);
// `tidepool help up`, as kubectl and git have it.
await run(app, first === "help" ? [...rest, "--help"] : process.argv.slice(2), { process });
// Stricli reports usage errors as negative codes; shells know 2 for them.
if (typeof process.exitCode === "number" && process.exitCode < 0) process.exitCode = 2;

import { writeSync } from "node:fs";

/**
 * Written straight to the descriptors: Node's own streams would set them non-blocking, and PostgreSQL,
 * which takes over this process with them, would lose lines.
 */
export function say(text: string): void {
  writeAll(1, text);
}

export function warn(text: string): void {
  writeAll(2, text);
}

function writeAll(descriptor: number, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw error;
    }
  }
}

/** Ends the entrypoint: the message says what is wrong and what to do. */
export class EntrypointError extends Error {}

/** What a component says about its own work, for `tidepool logs` and the log files. */
export interface Logger {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
  /** A logger whose lines carry the component's name. */
  named(component: string): Logger;
}

/** A logger that writes one line of JSON per message to `write`. */
export function jsonLogger(write: (line: string) => void, now: () => number, component = "tidepool"): Logger {
  const emit = (level: string, message: string, fields?: Record<string, unknown>): void => {
    write(`${JSON.stringify({ time: new Date(now()).toISOString(), level, component, message, ...fields })}\n`);
  };
  return {
    info: (message, fields) => emit("info", message, fields),
    warn: (message, fields) => emit("warn", message, fields),
    error: (message, fields) => emit("error", message, fields),
    named: (name) => jsonLogger(write, now, name),
  };
}

/** Says nothing. */
export const silentLogger: Logger = { info() {}, warn() {}, error() {}, named: () => silentLogger };

/** An error's message, or the thing itself as text when something else was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

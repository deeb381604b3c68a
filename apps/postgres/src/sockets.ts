import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

/**
 * PostgreSQL makes its socket in its data directory, whose path may be longer than a socket's may be;
 * short symbolic links in Tidepool's socket directory lead to it. They dangle when the server is gone,
 * which reads as "connection refused".
 */
export interface PodSockets {
  directory: string;
  ip: string;
}

/** Where Tidepool wants this pod's sockets; undefined outside Tidepool. */
export function podSockets(env: NodeJS.ProcessEnv): PodSockets | undefined {
  const { TIDEPOOL_SOCKET_DIR: directory, TIDEPOOL_POD_IP: ip } = env;
  return directory && ip ? { directory, ip } : undefined;
}

/** The link to the data directory, by which programs of this container connect. */
export function socketLinkName(ip: string): string {
  return `${ip}_pg`;
}

/** Points a name at a target, whatever it was before. */
export function replaceLink(target: string, link: string): void {
  rmSync(link, { force: true });
  symlinkSync(target, link);
}

/** The pod's port on the network: the name callers connect to without a preamble. */
export function publishPort({ directory, ip }: PodSockets, port: number, dataDirectory: string): void {
  replaceLink(join(dataDirectory, `.s.PGSQL.${port}`), join(directory, `${ip}_${port}.raw`));
}

export function withdrawPort({ directory, ip }: PodSockets, port: number): void {
  rmSync(join(directory, `${ip}_${port}.raw`), { force: true });
}

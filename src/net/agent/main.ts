/**
 * The pod agent: loaded into every Node process of a pod before its program, it puts the process on
 * the pod's virtual network. Without TIDEPOOL_AGENT it does nothing; loaded twice it does nothing
 * the second time; and whatever goes wrong with it, the program starts.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { CONTROL_SOCKET } from "../sockets.ts";
import { patchChildren } from "./children.ts";
import type { AgentConfig, Mount } from "./config.ts";
import { patchConnect } from "./connect.ts";
import { patchDns } from "./dns.ts";
import { patchFiles } from "./files.ts";
import { patchListen } from "./listen.ts";
import { useMounts } from "./mounts.ts";
import { patchNames } from "./names.ts";
import { functionOf } from "./patch.ts";
import { Pod } from "./pod.ts";
import { patchSystem } from "./system.ts";
import { TableClient } from "./table-client.ts";
import { patchTls } from "./tls.ts";
import { patchUdp } from "./udp.ts";

const INSTALLED = Symbol.for("tidepool.agent");

function install(configFile: string): void {
  const config = JSON.parse(fs.readFileSync(configFile, "utf8")) as AgentConfig;
  useMounts(JSON.parse(process.env.TIDEPOOL_MOUNTS || "[]") as Mount[], config.hostDirectories);
  const connect = functionOf(net.Socket.prototype, "connect");
  const tables = new TableClient(config.uid, () => connect.call(new net.Socket(), { path: `${config.socketDir}/${CONTROL_SOCKET}` }) as net.Socket);
  const pod = new Pod(config, tables);
  patchNames();
  patchConnect(pod);
  patchTls(pod);
  if (!config.hostNetwork) {
    patchListen(pod);
    patchUdp(pod);
  }
  patchDns(pod);
  patchSystem(pod);
  patchChildren(__filename);
  patchFiles();
  syncBuiltinESMExports();
}

const holder = globalThis as { [INSTALLED]?: true };
const configFile = process.env.TIDEPOOL_AGENT;
if (configFile && !holder[INSTALLED]) {
  Object.defineProperty(globalThis, INSTALLED, { value: true });
  try {
    install(configFile);
  } catch (error) {
    process.stderr.write(`tidepool: this process is not on the pod network: ${(error as Error).message}\n`);
  }
}

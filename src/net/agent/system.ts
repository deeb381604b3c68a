/** node:os as seen from inside the pod: its host name and its two network interfaces. */
import os from "node:os";
import { replace } from "./patch.ts";
import type { Pod } from "./pod.ts";

export function patchSystem(pod: Pod): void {
  const { hostname, ip, hostNetwork } = pod.config;
  replace(os, "hostname", () => () => hostname);
  if (hostNetwork) return;
  replace(os, "networkInterfaces", () => () => ({
    lo: [{ address: "127.0.0.1", netmask: "255.0.0.0", family: "IPv4", mac: "00:00:00:00:00:00", internal: true, cidr: "127.0.0.1/8" }],
    eth0: [{ address: ip, netmask: "255.255.255.0", family: "IPv4", mac: macOf(ip), internal: false, cidr: `${ip}/24` }],
  }));
}

/** A locally administered address made of the IP's bytes, as some CNI plugins do. */
function macOf(ip: string): string {
  return ["0a", "58", ...ip.split(".").map((octet) => Number(octet).toString(16).padStart(2, "0"))].join(":");
}

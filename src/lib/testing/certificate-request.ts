/** Makes certificate requests for tests. */
import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";

export interface RequestToMake {
  commonName: string;
  organizations?: string[];
  dnsNames?: string[];
  ipAddresses?: string[];
  key?: KeyObject;
}

/** A request in PEM, signed by an EC P-256 key. */
export function certificateRequest({ commonName, organizations = [], dnsNames = [], ipAddresses = [], key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey }: RequestToMake): string {
  const subject = sequence(...organizations.map((name) => attribute(10, name)), attribute(3, commonName));
  const names = [...dnsNames.map((name) => der(0x82, Buffer.from(name))), ...ipAddresses.map((ip) => der(0x87, Buffer.from(ip.split(".").map(Number))))];
  const extension = sequence(der(0x06, Buffer.from([0x55, 0x1d, 0x11])), der(0x04, sequence(...names)));
  const extensionRequest = sequence(der(0x06, Buffer.from("2a864886f70d01090e", "hex")), der(0x31, sequence(extension)));
  const publicKey = createPublicKey(key).export({ type: "spki", format: "der" });
  const info = sequence(der(0x02, Buffer.from([0])), subject, publicKey, der(0xa0, names.length > 0 ? extensionRequest : Buffer.alloc(0)));
  const algorithm = sequence(der(0x06, Buffer.from("2a8648ce3d040302", "hex")));
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign("sha256", info, key)]));
  const text = sequence(info, algorithm, signature).toString("base64").replaceAll(/.{64}/g, "$&\n");
  return `-----BEGIN CERTIFICATE REQUEST-----\n${text}\n-----END CERTIFICATE REQUEST-----\n`;
}

function attribute(number: number, value: string): Buffer {
  return der(0x31, sequence(der(0x06, Buffer.from([0x55, 0x04, number])), der(0x0c, Buffer.from(value))));
}

const sequence = (...parts: Buffer[]): Buffer => der(0x30, Buffer.concat(parts));

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

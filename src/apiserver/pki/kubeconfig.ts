/**
 * The file by which kubectl finds the cluster.
 * @see https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */
import type { KeyPair } from "./pki.ts";

export interface KubeconfigOptions {
  /** `https://127.0.0.1:6443`. */
  server: string;
  /** The authority's certificate, in PEM. */
  ca: string;
  client: KeyPair;
  clusterName?: string;
  userName?: string;
}

/** The kubeconfig's text. */
export function kubeconfig({ server, ca, client, clusterName = "tidepool", userName = "tidepool-admin" }: KubeconfigOptions): string {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return `apiVersion: v1
kind: Config
current-context: ${clusterName}
clusters:
- name: ${clusterName}
  cluster:
    server: ${server}
    certificate-authority-data: ${base64(ca)}
contexts:
- name: ${clusterName}
  context:
    cluster: ${clusterName}
    user: ${userName}
preferences: {}
users:
- name: ${userName}
  user:
    client-certificate-data: ${base64(client.cert)}
    client-key-data: ${base64(client.key)}
`;
}

/** Whether a kubeconfig, as its user has left it, has the server and the certificates of another. */
export function leadsWhere(known: string, other: string): boolean {
  const essentials = (text: string): string[] => text.split("\n").map((line) => line.trim()).filter((line) => /^(server|[a-z-]+-data): /.test(line));
  const present = new Set(essentials(known));
  return essentials(other).every((line) => present.has(line));
}

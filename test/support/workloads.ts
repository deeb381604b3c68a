/** Objects the tests create: the echo image (test/images/echo) in the shapes that come up again and again. */
import { join } from "node:path";
import { ROOT, tidepoolOk } from "./tidepool.ts";

export const ECHO = "localhost:5002/test/echo";

/** Builds the echo image and pushes it to the cluster's registry. */
export async function buildEcho(dataDir: string): Promise<void> {
  await tidepoolOk(["build", join(ROOT, "test/images/echo"), "--data", dataDir]);
}

interface EchoOptions {
  version?: string;
  labels?: Record<string, string>;
  env?: Record<string, string>;
  /** Instead of the image's own program: a script for `node -e`. */
  script?: string;
  container?: object;
  spec?: object;
}

function container({ version = "v1", env = {}, script, container: more }: EchoOptions): object {
  return {
    name: "echo",
    image: `${ECHO}:${version}`,
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
    ...(script === undefined
      ? { ports: [{ name: "http", containerPort: 8080 }], readinessProbe: { httpGet: { path: "/readyz", port: 8080 }, periodSeconds: 1 } }
      : { command: ["node", "-e", script] }),
    ...more,
  };
}

export function echoPod(name: string, options: EchoOptions = {}): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app: name, ...options.labels } },
    spec: { terminationGracePeriodSeconds: 2, containers: [container(options)], ...options.spec },
  };
}

export function echoDeployment(name: string, { replicas = 1, strategy, ...options }: EchoOptions & { replicas?: number; strategy?: object } = {}): object {
  const labels = { app: name, ...options.labels };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, labels },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      ...(strategy === undefined ? {} : { strategy }),
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 2, containers: [container(options)], ...options.spec } },
    },
  };
}

export function service(name: string, spec: object = {}): object {
  return { apiVersion: "v1", kind: "Service", metadata: { name }, spec: { selector: { app: name }, ports: [{ name: "http", port: 80, targetPort: 8080 }], ...spec } };
}

export function configMap(name: string, data: Record<string, string>): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data };
}

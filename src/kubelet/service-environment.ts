/**
 * The environment variables by which a pod finds Services without DNS.
 * @see https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
import type { Service } from "#api/types.ts";

/** `MY_SERVICE` of `my-service`. */
const variableName = (name: string): string => name.toUpperCase().replaceAll("-", "_");

/**
 * Variables for the Services of the pod's namespace (unless `enableServiceLinks` is false) and for
 * `default/kubernetes`, which every pod gets.
 */
export function serviceEnvironment(services: Service[], namespace: string, enableServiceLinks: boolean): Record<string, string> {
  const env: Record<string, string> = {};
  const ofNamespace = enableServiceLinks ? services.filter(({ metadata }) => metadata.namespace === namespace) : [];
  const apiServer = services.find(({ metadata }) => metadata.namespace === "default" && metadata.name === "kubernetes");
  // A Service of the same name in the pod's own namespace goes before.
  const wanted = apiServer && !ofNamespace.some(({ metadata }) => metadata.name === "kubernetes") ? [...ofNamespace, apiServer] : ofNamespace;
  for (const { metadata, spec } of wanted) {
    const ip = spec.clusterIP;
    const ports = spec.ports ?? [];
    if (!ip || ip === "None" || ports.length === 0) continue;
    const prefix = variableName(metadata.name!);
    env[`${prefix}_SERVICE_HOST`] = ip;
    env[`${prefix}_SERVICE_PORT`] = String(ports[0]!.port);
    for (const { name, port } of ports) if (name) env[`${prefix}_SERVICE_PORT_${variableName(name)}`] = String(port);
    ports.forEach(({ port, protocol = "TCP" }, index) => {
      const url = `${protocol.toLowerCase()}://${ip}:${port}`;
      if (index === 0) env[`${prefix}_PORT`] = url;
      const link = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
      env[link] = url;
      env[`${link}_PROTO`] = protocol.toLowerCase();
      env[`${link}_PORT`] = String(port);
      env[`${link}_ADDR`] = ip;
    });
  }
  return env;
}

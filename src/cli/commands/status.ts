/** `tidepool status`: what runs, as a table or as JSON. */
import { StatusError } from "#api/errors.ts";
import { nodes, pods } from "#api/resources.ts";
import { Client } from "#client/client.ts";
import { kubeconfigHandler } from "#client/https.ts";
import { commandFor } from "#cluster/command-line.ts";
import { readInstance, type Urls } from "#cluster/instance.ts";
import { listContainers } from "#cluster/leftovers.ts";
import { dataDirectory, dataPaths } from "#cluster/paths.ts";
import { VERSION } from "#cluster/version.ts";

interface Status {
  state: "running" | "starting" | "stopped";
  version: string;
  dataDirectory: string;
  pid?: number;
  urls?: Urls;
  kubeconfig: string;
  nodes: { name: string; ready: boolean }[];
  pods: { namespace: string; name: string; ready: string; status: string; restarts: number; node: string; ip: string }[];
  processes: { pid: number; what: string }[];
  problems: string[];
}

export async function status(flags: { data?: string | undefined; json: boolean }): Promise<void> {
  const dataDir = dataDirectory(flags.data);
  const report = await readStatus(dataDir);
  process.stdout.write(flags.json ? `${JSON.stringify(report, undefined, 2)}\n` : `${format(report)}\n`);
}

async function readStatus(dataDir: string): Promise<Status> {
  const { supervisor, daemon } = readInstance(dataDir);
  const kubeconfig = dataPaths(dataDir).kubeconfig;
  const report: Status = {
    state: daemon?.state ?? (supervisor ? "starting" : "stopped"),
    version: daemon?.version ?? VERSION,
    dataDirectory: dataDir,
    ...(daemon ? { pid: daemon.process.pid } : {}),
    ...(daemon?.urls ? { urls: daemon.urls } : {}),
    kubeconfig,
    nodes: [],
    pods: [],
    processes: [
      ...(supervisor ? [{ pid: supervisor.process.pid, what: "supervisor" }] : []),
      ...(daemon ? [{ pid: daemon.process.pid, what: "daemon" }] : []),
      ...listContainers(dataDir).map(({ pid, namespace, pod, container }) => ({ pid, what: `${namespace}/${pod}/${container}` })),
    ],
    problems: [],
  };
  if (daemon && !supervisor) {
    report.problems.push("The supervisor is gone; the daemon is starting another one.");
  }
  if (!daemon && !supervisor && report.processes.length > 0) {
    report.problems.push(`${report.processes.length} containers outlived their cluster. '${commandFor("up", dataDir)}' takes them over, '${commandFor("down", dataDir)}' ends them.`);
  }
  if (!daemon?.urls) return report;
  const handler = kubeconfigHandler(kubeconfig);
  try {
    const client = new Client(handler, "tidepool-cli");
    const [nodeList, podList] = await Promise.all([client.list(nodes), client.list(pods)]);
    report.nodes = nodeList.items.map((node) => ({
      name: node.metadata.name!,
      ready: node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false,
    }));
    report.pods = podList.items.map((pod) => {
      const statuses = pod.status?.containerStatuses ?? [];
      const waiting = statuses.map(({ state }) => state?.waiting?.reason ?? state?.terminated?.reason).find(Boolean);
      return {
        namespace: pod.metadata.namespace!,
        name: pod.metadata.name!,
        ready: `${statuses.filter(({ ready }) => ready).length}/${pod.spec.containers.length}`,
        status: pod.metadata.deletionTimestamp ? "Terminating" : (waiting ?? pod.status?.phase ?? "Unknown"),
        restarts: statuses.reduce((sum, { restartCount }) => sum + restartCount, 0),
        node: pod.spec.nodeName ?? "",
        ip: pod.status?.podIP ?? "",
      };
    });
  } catch (error) {
    report.problems.push(`The API server does not answer: ${error instanceof StatusError ? error.message : (error as Error).message}`);
  } finally {
    handler.close();
  }
  return report;
}

function format(report: Status): string {
  const lines = [`Tidepool ${report.version} is ${report.state}${report.pid ? ` (pid ${report.pid})` : ""} on ${report.dataDirectory}.`];
  if (report.urls) {
    lines.push("");
    for (const [name, url] of [["Shop", report.urls.shop], ["Shop (TLS)", report.urls.shopTls], ["API server", report.urls.apiServer], ["Registry", report.urls.registry]] as const) {
      if (url) lines.push(`  ${name.padEnd(12)}${url}`);
    }
    lines.push("", ...table(["NODE", "READY"], report.nodes.map(({ name, ready }) => [name, ready ? "True" : "False"])));
    lines.push("", ...table(["NAMESPACE", "POD", "READY", "STATUS", "RESTARTS", "NODE", "IP"], report.pods.map((pod) => [pod.namespace, pod.name, pod.ready, pod.status, String(pod.restarts), pod.node, pod.ip])));
  } else if (report.state === "stopped") lines.push(`'${commandFor("up", report.dataDirectory)}' starts it.`);
  for (const problem of report.problems) lines.push("", `! ${problem}`);
  return lines.join("\n");
}

function table(header: string[], rows: string[][]): string[] {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  return [header, ...rows].map((row) => row.map((cell, column) => cell.padEnd(widths[column]! + 3)).join("").trimEnd());
}

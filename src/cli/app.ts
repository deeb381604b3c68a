/** The commands, their flags and their help. */
import { buildApplication, buildCommand, buildRouteMap, text_en } from "@stricli/core";
import { VERSION } from "#cluster/version.ts";
import { CommandFailed, reasonOf } from "./failure.ts";

const data = {
  kind: "parsed",
  parse: directory,
  optional: true,
  placeholder: "DIR",
  brief: "Directory that holds all state [default: TIDEPOOL_DATA, else ~/.tidepool]",
} as const;

const json = { kind: "boolean", default: false, withNegated: false, brief: "Print JSON for scripts" } as const;

const port = (brief: string) => ({ kind: "parsed", parse: wholeNumber("a port", 65_535), optional: true, placeholder: "N", brief }) as const;

/** An empty one would be the working directory: the usual cause is an unset variable. */
function directory(text: string): string {
  if (text === "") throw new Error("it is empty");
  return text;
}

function wholeNumber(what: string, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    if (!/^\d+$/.test(text) || Number(text) > most) throw new Error(`not ${what}${most < Number.MAX_SAFE_INTEGER ? ` (0 to ${most})` : ""}`);
    return Number(text);
  };
}

const up = buildCommand({
  loader: async () => (await import("./commands/up.ts")).up,
  parameters: {
    flags: {
      data,
      foreground: { kind: "boolean", default: false, withNegated: false, brief: "Stay in the foreground until Ctrl-C (for containers and CI)" },
      httpPort: port("Port of the shop [default: 80 where allowed, else 8080; 0: any free one]"),
      httpsPort: port("Port of the shop with TLS [default: 443 where allowed, else 8443; 0: any free one]"),
      apiPort: port("Port of the API server [default: 6443; 0: any free one]"),
      registryPort: port("Port of the image registry [default: 5002; 0: any free one]"),
      shop: { kind: "boolean", default: true, brief: "Build and deploy the shop" },
      auditPolicy: { kind: "parsed", parse: String, optional: true, placeholder: "FILE", brief: "Write requests to logs/audit.log as this audit policy says" },
    },
  },
  docs: {
    brief: "Start the cluster and deploy the shop; it keeps running in the background",
    fullDescription: [
      "Starts the cluster and deploys the shop, then returns to the prompt.",
      "",
      "Examples:",
      "  tidepool up                              start, or continue from the last 'down'",
      "  tidepool up --foreground                 for containers and CI",
      "  tidepool up --data /tmp/other --api-port 0 --registry-port 0 --http-port 0 --https-port 0",
      "                                           a second one beside it",
      "  tidepool up --no-shop                    an empty cluster",
    ].join("\n"),
  },
});

const down = buildCommand({
  loader: async () => (await import("./commands/down.ts")).down,
  parameters: { flags: { data } },
  docs: {
    brief: "Stop the cluster; its state stays for the next 'up'",
    fullDescription: ["Stops every process of the cluster. Objects, images and the database stay in the data directory.", "", "Examples:", "  tidepool down"].join("\n"),
  },
});

const status = buildCommand({
  loader: async () => (await import("./commands/status.ts")).status,
  parameters: { flags: { data, json } },
  docs: {
    brief: "Show URLs, nodes, pods and processes",
    fullDescription: ["Shows what runs. Exits with 0 also when nothing does.", "", "Examples:", "  tidepool status", "  tidepool status --json | jq -r .urls.shop"].join("\n"),
  },
});

const reset = buildCommand({
  loader: async () => (await import("./commands/reset.ts")).reset,
  parameters: { flags: { data, yes: { kind: "boolean", default: false, withNegated: false, brief: "Don't ask" } }, aliases: { y: "yes" } },
  docs: {
    brief: "Stop the cluster and delete its state",
    fullDescription: ["Stops the cluster and deletes objects, images, database and certificates for good.", "", "Examples:", "  tidepool reset", "  tidepool reset --yes"].join("\n"),
  },
});

const logs = buildCommand({
  loader: async () => (await import("./commands/logs.ts")).logs,
  parameters: {
    flags: {
      data,
      follow: { kind: "boolean", default: false, withNegated: false, brief: "Keep printing new lines" },
      tail: { kind: "parsed", parse: wholeNumber("a number of lines"), default: "200", placeholder: "N", brief: "Lines to begin with" },
      namespace: { kind: "parsed", parse: String, default: "shop", placeholder: "NS", brief: "Namespace of the pod" },
      json,
    },
    aliases: { f: "follow", n: "namespace" },
    positional: {
      kind: "tuple",
      parameters: [{ parse: String, optional: true, placeholder: "component|pod", brief: "A component of the cluster (deployment, kubelet ...) or a pod's name" }],
    },
  },
  docs: {
    brief: "Print the logs of the cluster, of one component, or of a pod",
    fullDescription: [
      "Prints what the cluster says of its own work, or what a pod prints.",
      "",
      "Examples:",
      "  tidepool logs                        the cluster",
      "  tidepool logs scheduler -f           one component, as it comes",
      "  tidepool logs order-service-7c9-x2x  a pod of the shop",
    ].join("\n"),
  },
});

const kubeconfig = buildCommand({
  loader: async () => (await import("./commands/kubeconfig.ts")).kubeconfig,
  parameters: { flags: { data, path: { kind: "boolean", default: false, withNegated: false, brief: "Print the file's path instead of its content" } } },
  docs: {
    brief: "Print the kubeconfig",
    fullDescription: ["Prints the administrator's kubeconfig.", "", "Examples:", "  export KUBECONFIG=$(tidepool kubeconfig --path)", "  tidepool kubeconfig > my.yaml"].join("\n"),
  },
});

const build = buildCommand({
  loader: async () => (await import("./commands/build.ts")).build,
  parameters: {
    flags: { data, json },
    positional: { kind: "array", parameter: { parse: String, placeholder: "folder", brief: "Folders with an image.json [default: all under apps/]" } },
  },
  docs: {
    brief: "Build the images and push them to the registry",
    fullDescription: ["Bundles each service, packs a reproducible OCI image per version and pushes it. Works with and without a running cluster.", "", "Examples:", "  tidepool build", "  tidepool build apps/shop/order-service"].join("\n"),
  },
});

const doctor = buildCommand({
  loader: async () => (await import("./commands/doctor.ts")).doctor,
  parameters: { flags: { data, json } },
  docs: {
    brief: "Check this machine and say what to do about what is missing",
    fullDescription: ["Checks what the cluster needs. Exits with 1 when something that it can't do without is missing.", "", "Examples:", "  tidepool doctor"].join("\n"),
  },
});

const snapshotFile = (brief: string) => ({ kind: "tuple", parameters: [{ parse: String, placeholder: "FILE", brief }] }) as const;

const snapshotSave = buildCommand({
  loader: async () => (await import("./commands/snapshot.ts")).save,
  parameters: {
    flags: { data, salvage: { kind: "boolean", default: false, withNegated: false, brief: "Save what can be read of a damaged store, and tell what can't" } },
    positional: snapshotFile("File to write; it must not exist"),
  },
  docs: {
    brief: "Save all objects of a cluster, running or not, to a file",
    fullDescription: ["Saves all objects as of one moment, with a checksum. Volumes, images and certificates are not in it.", "", "Examples:", "  tidepool snapshot save monday.snapshot"].join("\n"),
  },
});

const snapshotStatus = buildCommand({
  loader: async () => (await import("./commands/snapshot.ts")).snapshotStatus,
  parameters: { flags: { json }, positional: snapshotFile("Snapshot to check") },
  docs: {
    brief: "Check a snapshot and say what is in it",
    fullDescription: ["Reads a whole snapshot and compares it with its checksum.", "", "Examples:", "  tidepool snapshot status monday.snapshot"].join("\n"),
  },
});

const snapshotRestore = buildCommand({
  loader: async () => (await import("./commands/snapshot.ts")).restore,
  parameters: {
    flags: {
      data,
      bumpRevision: { kind: "parsed", parse: wholeNumber("a number of revisions"), default: "1000000000", placeholder: "N", brief: "Raise revisions by this, so that none is given twice" },
    },
    positional: snapshotFile("Snapshot to restore"),
  },
  docs: {
    brief: "Make the store of a stopped cluster from a snapshot",
    fullDescription: [
      "Makes a new store from a snapshot, in a data directory that has none. Clients that watched before are told to list again.",
      "",
      "Examples:",
      "  tidepool snapshot restore monday.snapshot --data /tmp/restored",
    ].join("\n"),
  },
});

const snapshot = buildRouteMap({
  routes: { save: snapshotSave, status: snapshotStatus, restore: snapshotRestore },
  docs: { brief: "Back up the cluster's store, as one does with etcd" },
});

export const app = buildApplication(
  buildRouteMap({
    routes: { up, down, status, reset, logs, kubeconfig, build, doctor, snapshot },
    docs: {
      brief: "A whole cloud-native platform in a pool you can look into",
      fullDescription: [
        "Tidepool runs a Kubernetes cluster with a shop on it, without Docker.",
        "",
        "Examples:",
        "  tidepool up",
        "  export KUBECONFIG=$(tidepool kubeconfig --path)",
        "  kubectl get pods -A",
        "  tidepool down",
      ].join("\n"),
    },
  }),
  {
    name: "tidepool",
    versionInfo: { currentVersion: VERSION },
    scanner: { caseStyle: "allow-kebab-for-camel" },
    documentation: { caseStyle: "convert-camel-to-kebab" },
    localization: {
      text: {
        ...text_en,
        noCommandRegisteredForInput: (input) => `${text_en.noCommandRegisteredForInput(input)}\n'npx tidepool --help' lists the commands.`,
        exceptionWhileParsingArguments: (error, colour) => `${text_en.exceptionWhileParsingArguments(error, colour)}\nWith --help the command says what it takes.`,
        exceptionWhileRunningCommand: (error, colour) => reasonOf(error) ?? text_en.exceptionWhileRunningCommand(error, colour),
      },
    },
    determineExitCode: (error) => (error instanceof CommandFailed ? error.exitCode : 1),
  },
);

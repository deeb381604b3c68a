import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { kubectlSuite, rowsOf } from "../support/kubectl.ts";
import { until } from "../support/wait.ts";
import { configMap, echoDeployment, echoPod, service } from "../support/workloads.ts";

const { kubectl, skip } = await kubectlSuite("kubectl-get");

describe("kubectl get", { skip }, () => {
  before(async () => {
    await kubectl.ok(["apply", "-f", "-"], {
      input: [
        echoDeployment("web", { replicas: 2, labels: { tier: "front" } }),
        service("web"),
        echoPod("alone", { labels: { tier: "back" } }),
        configMap("settings", { colour: "blue", size: "7" }),
      ],
    });
    await kubectl.ok(["rollout", "status", "deployment/web", "--timeout=60s"]);
    await kubectl.ok(["wait", "pod/alone", "--for=condition=Ready", "--timeout=60s"]);
  });

  test("pods as a table", async () => {
    const rows = rowsOf(await kubectl.ok(["get", "pods"]));
    assert.deepEqual(Object.keys(rows[0]!), ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]);
    assert.equal(rows.length, 3);
    for (const row of rows) {
      assert.equal(row["READY"], "1/1");
      assert.equal(row["STATUS"], "Running");
      assert.equal(row["RESTARTS"], "0");
      assert.match(row["AGE"]!, /^\d+[sm]/);
    }
  });

  test("pods -o wide adds IP and node", async () => {
    for (const row of rowsOf(await kubectl.ok(["get", "pods", "-o", "wide"]))) {
      assert.match(row["IP"]!, /^10\.244\.\d+\.\d+$/);
      assert.match(row["NODE"]!, /^tidepool-worker2?$/, "nothing tolerates the control plane's taint");
      assert.equal(row["NOMINATED NODE"], "<none>");
      assert.equal(row["READINESS GATES"], "<none>");
    }
  });

  const tables: [string[], string[]][] = [
    [["deployments"], ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]],
    [["deployments", "-o", "wide"], ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE", "CONTAINERS", "IMAGES", "SELECTOR"]],
    [["replicasets"], ["NAME", "DESIRED", "CURRENT", "READY", "AGE"]],
    [["services"], ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"]],
    [["services", "-o", "wide"], ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE", "SELECTOR"]],
    [["endpointslices"], ["NAME", "ADDRESSTYPE", "PORTS", "ENDPOINTS", "AGE"]],
    [["configmaps"], ["NAME", "DATA", "AGE"]],
    [["namespaces"], ["NAME", "STATUS", "AGE"]],
    [["nodes"], ["NAME", "STATUS", "ROLES", "AGE", "VERSION"]],
    [["events"], ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]],
  ];
  for (const [args, columns] of tables) {
    test(`the columns of ${args.join(" ")}`, async () => {
      assert.deepEqual(Object.keys(rowsOf(await kubectl.ok(["get", ...args]))[0]!), columns);
    });
  }

  test("short names, kind/name and several kinds at once", async () => {
    assert.match(await kubectl.ok(["get", "deploy,svc"]), /deployment\.apps\/web .*\n(.*\n)*service\/web /);
    assert.match(await kubectl.ok(["get", "svc/web"]), /^NAME .*\nweb +ClusterIP +10\.\d+\.\d+\.\d+ +<none> +80\/TCP/);
    const all = await kubectl.ok(["get", "all"]);
    for (const name of ["pod/alone", "service/web", "deployment.apps/web", "replicaset.apps/web-"]) assert.ok(all.includes(name), `${name} in:\n${all}`);
  });

  test("nodes: three, one of them the control plane", async () => {
    const rows = rowsOf(await kubectl.ok(["get", "nodes"]));
    assert.deepEqual(
      rows.map(({ NAME, STATUS, ROLES, VERSION }) => ({ NAME, STATUS, ROLES, VERSION })),
      [
        { NAME: "tidepool-control-plane", STATUS: "Ready", ROLES: "control-plane", VERSION: "v1.36.0" },
        { NAME: "tidepool-worker", STATUS: "Ready", ROLES: "<none>", VERSION: "v1.36.0" },
        { NAME: "tidepool-worker2", STATUS: "Ready", ROLES: "<none>", VERSION: "v1.36.0" },
      ],
    );
  });

  test("-o yaml and -o json are the same object", async () => {
    const json = await kubectl.json(["get", "deployment", "web"]);
    assert.equal(json.kind, "Deployment");
    assert.equal(json.apiVersion, "apps/v1");
    assert.equal(json.spec.replicas, 2);
    assert.match(await kubectl.ok(["get", "deployment", "web", "-o", "yaml"]), /^apiVersion: apps\/v1\nkind: Deployment\n/);
    const list = await kubectl.json(["get", "pods"]);
    assert.equal(list.kind, "List");
    assert.equal(list.items.length, 3);
  });

  test("-o jsonpath, custom-columns, go-template, name", async () => {
    assert.equal(await kubectl.ok(["get", "configmap", "settings", "-o", "jsonpath={.data.colour}"]), "blue");
    assert.equal(
      await kubectl.ok(["get", "pods", "-l", "app=web", "-o", "jsonpath={range .items[*]}{.status.phase}{','}{end}"]),
      "Running,Running,",
    );
    assert.deepEqual(rowsOf(await kubectl.ok(["get", "pod", "alone", "-o", "custom-columns=WHO:.metadata.name,IMAGE:.spec.containers[0].image"])), [
      { WHO: "alone", IMAGE: "localhost:5002/test/echo:v1" },
    ]);
    assert.equal(await kubectl.ok(["get", "pod", "alone", "-o", "go-template={{.metadata.labels.tier}}"]), "back");
    assert.equal(await kubectl.ok(["get", "configmap", "settings", "-o", "name"]), "configmap/settings");
  });

  test("-l selects by equality, set and absence", async () => {
    const names = async (selector: string): Promise<number> => (await kubectl.json(["get", "pods", "-l", selector])).items.length;
    assert.equal(await names("tier=front"), 2);
    assert.equal(await names("tier!=front"), 1);
    assert.equal(await names("tier in (front, back)"), 3);
    assert.equal(await names("tier notin (front)"), 1);
    assert.equal(await names("!tier"), 0);
    assert.equal(await names("pod-template-hash,app=web"), 2);
  });

  test("--field-selector selects by name, phase and node; an unknown field is refused", async () => {
    assert.equal(await kubectl.ok(["get", "pods", "--field-selector=metadata.name=alone", "-o", "name"]), "pod/alone");
    assert.equal((await kubectl.json(["get", "pods", "--field-selector=status.phase=Running"])).items.length, 3);
    assert.equal((await kubectl.json(["get", "pods", "--field-selector=status.phase!=Running"])).items.length, 0);
    const { spec } = await kubectl.json(["get", "pod", "alone"]);
    assert.match(await kubectl.ok(["get", "pods", `--field-selector=spec.nodeName=${spec.nodeName}`, "-o", "name"]), /pod\/alone/);
    assert.match(await kubectl.fails(["get", "pods", "--field-selector=spec.colour=red"]), /field label not supported: spec\.colour/);
  });

  test("--sort-by, --show-labels, -L, --no-headers, --chunk-size", async () => {
    const sorted = rowsOf(await kubectl.ok(["get", "pods", "--sort-by=.metadata.name"])).map((row) => row["NAME"]!);
    assert.deepEqual(sorted, [...sorted].sort());
    assert.match(await kubectl.ok(["get", "pod", "alone", "--show-labels"]), /LABELS\n.*app=alone,tier=back$/);
    assert.deepEqual(rowsOf(await kubectl.ok(["get", "pod", "alone", "-L", "tier"]))[0]!["TIER"], "back");
    assert.doesNotMatch(await kubectl.ok(["get", "pods", "--no-headers"]), /NAME/);
    assert.equal(rowsOf(await kubectl.ok(["get", "pods", "--chunk-size=1"])).length, 3, "a list in pages of one");
  });

  test("-A shows the namespace", async () => {
    const rows = rowsOf(await kubectl.ok(["get", "pods", "-A"]));
    assert.equal(Object.keys(rows[0]!)[0], "NAMESPACE");
    assert.ok(rows.some((row) => row["NAMESPACE"] === "kubectl-get" && row["NAME"] === "alone"));
  });

  test("-w prints every change until it is stopped", async () => {
    const watch = kubectl.start(["get", "configmap", "settings", "-w", "-o", "jsonpath={.data.colour}{'\\n'}"]);
    await until("the first state", () => watch.output().includes("blue"));
    await kubectl.ok(["patch", "configmap", "settings", "--type=merge", "-p", '{"data":{"colour":"green"}}']);
    await until("the change", () => watch.output().includes("green"));
    // What it lists shows that it is there: its watch begins where the list ends.
    const table = kubectl.start(["get", "pods", "-w"]);
    await until("the pods so far", () => table.output().includes("alone"));
    await kubectl.ok(["run", "passing", "--image=localhost:5002/test/echo:v1"]);
    await until("the pod's states as rows", () => /passing +0\/1 +Pending[^]*passing +1\/1 +Running/.test(table.output()));
  });

  test("what is not there is said", async () => {
    assert.match(await kubectl.fails(["get", "pod", "nobody"]), /Error from server \(NotFound\): pods "nobody" not found/);
    assert.match(await kubectl.fails(["get", "unicorns"]), /the server doesn't have a resource type "unicorns"/);
    assert.equal(await kubectl.ok(["get", "pod", "nobody", "--ignore-not-found"]), "");
    const { stderr } = await kubectl.run(["get", "statefulsets"]);
    assert.match(stderr, /No resources found in kubectl-get namespace\./);
  });

  test("--raw", async () => {
    assert.equal(await kubectl.ok(["get", "--raw", "/readyz"]), "ok");
    assert.equal(JSON.parse(await kubectl.ok(["get", "--raw", "/api/v1/namespaces/kubectl-get"])).kind, "Namespace");
  });
});

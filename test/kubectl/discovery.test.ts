import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { rootCertificates } from "node:tls";
import { stripVTControlCharacters } from "node:util";
import { kubectlSuite, rowsOf, temporaryFile } from "../support/kubectl.ts";

const { kubectl, cluster, skip } = await kubectlSuite("kubectl-discovery");

describe("kubectl's questions about the cluster", { skip }, () => {
  test("api-resources lists names, short names, groups, kinds and verbs", async () => {
    const rows = rowsOf(await kubectl.ok(["api-resources", "-o", "wide"]));
    const row = (name: string): Record<string, string> => rows.find(({ NAME }) => NAME === name) ?? assert.fail(`no ${name}`);
    assert.equal(row("pods")["SHORTNAMES"], "po");
    assert.equal(row("pods")["APIVERSION"], "v1");
    assert.equal(row("deployments")["APIVERSION"], "apps/v1");
    assert.equal(row("deployments")["KIND"], "Deployment");
    assert.equal(row("nodes")["NAMESPACED"], "false");
    assert.match(row("services")["VERBS"]!, /create,delete,.*get,list,patch,update,watch/);
    assert.match(await kubectl.ok(["api-resources", "--namespaced=false", "-o", "name"]), /^namespaces$/m);
    assert.match(await kubectl.ok(["api-resources", "--api-group=apps", "-o", "name"]), /^deployments\.apps$/m);
  });

  test("api-versions", async () => {
    const versions = (await kubectl.ok(["api-versions"])).split("\n");
    for (const version of ["v1", "apps/v1", "discovery.k8s.io/v1"]) assert.ok(versions.includes(version), version);
  });

  test("explain, with a path and --recursive", async () => {
    const pod = await kubectl.ok(["explain", "pod"]);
    assert.match(pod, /^KIND: +Pod\nVERSION: +v1\n/);
    assert.match(pod, /^ {2}spec\t<PodSpec>/m);
    const probe = await kubectl.ok(["explain", "deployment.spec.template.spec.containers.readinessProbe.httpGet"]);
    assert.match(probe, /^ {2}port\t<IntOrString> -required-/m);
    const recursive = await kubectl.ok(["explain", "service", "--recursive"]);
    assert.match(recursive, /^ {4}ports\t<\[\]ServicePort>\n(?:.*\n)* {6}targetPort\t/m);
    assert.match(await kubectl.fails(["explain", "pod.spec.unicorn"]), /field "unicorn" does not exist/);
  });

  test("cluster-info and version", async () => {
    assert.ok(stripVTControlCharacters(await kubectl.ok(["cluster-info"])).includes(`is running at ${cluster.urls.apiServer}`));
    const { serverVersion } = await kubectl.json(["version"]);
    assert.equal(serverVersion.gitVersion, "v1.36.0");
  });

  test("config: the context that was written", async () => {
    assert.equal(await kubectl.ok(["config", "current-context"]), "tidepool");
    assert.match(await kubectl.ok(["config", "view"]), /server: https:\/\/127\.0\.0\.1:\d+/);
    assert.match(await kubectl.ok(["config", "get-contexts"]), /\* +tidepool +tidepool /);
  });

  test("auth whoami and can-i", async () => {
    assert.match(await kubectl.ok(["auth", "whoami"]), /^Username +kubernetes-admin$/m);
    assert.match(await kubectl.ok(["auth", "whoami"]), /^Groups +\[.*system:(masters|authenticated).*\]$/m);
    assert.equal(await kubectl.ok(["auth", "can-i", "delete", "nodes"]), "yes");
  });

  test("the certificate is checked: another authority is not trusted", async () => {
    assert.match(await kubectl.fails(["get", "ns", `--certificate-authority=${temporaryFile("other.pem", rootCertificates[0]!)}`]), /x509: certificate signed by unknown authority|failed to verify certificate/);
  });

  test("without a certificate there is no access", async () => {
    const response = await fetchWithoutCredentials(`${cluster.urls.apiServer}/api/v1/namespaces`);
    assert.ok(response === 401 || response === 403, `status ${response}`);
  });
});

async function fetchWithoutCredentials(url: string): Promise<number> {
  const { request } = await import("node:https");
  return new Promise((resolve, reject) => {
    request(url, { rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    })
      .on("error", reject)
      .end();
  });
}

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { configMaps, namespaces, secrets, serviceAccounts } from "#api/resources.ts";
import type { Secret } from "#api/types.ts";
import type { New } from "#client/client.ts";
import { TestCluster } from "../testing/harness.ts";

const NAME = "kubernetes.io/service-account.name";
const UID = "kubernetes.io/service-account.uid";
const tokenSecret = (name: string, annotations: Record<string, string>): New<Secret> => ({ metadata: { name, namespace: "default", annotations }, type: "kubernetes.io/service-account-token" });

describe("service accounts", () => {
  let cluster: TestCluster;
  before(async () => void (cluster = await TestCluster.start({ nodes: 0 })));
  after(() => cluster.stop());
  const textOf = ({ data }: Secret, key: string): string => Buffer.from(data?.[key] ?? "", "base64").toString();

  it("come with every namespace, as does the authority's certificate", async () => {
    await cluster.client.create(namespaces, { metadata: { name: "new" } });
    await cluster.settle();
    await cluster.client.get(serviceAccounts, "default", "new");
    assert.deepEqual((await cluster.client.get(configMaps, "kube-root-ca.crt", "new")).data, { "ca.crt": "CA" });
  });

  it("get the tokens that Secrets ask for, once", async () => {
    const account = await cluster.client.create(serviceAccounts, { metadata: { name: "robot", namespace: "default" } });
    await cluster.client.create(secrets, tokenSecret("robot-token", { [NAME]: "robot" }));
    await cluster.settle();
    const secret = await cluster.client.get(secrets, "robot-token", "default");
    assert.equal(secret.metadata.annotations?.[UID], account.metadata.uid);
    assert.equal(textOf(secret, "ca.crt"), "CA");
    assert.equal(textOf(secret, "namespace"), "default");
    const [, claims = ""] = textOf(secret, "token").split(".");
    assert.deepEqual(JSON.parse(Buffer.from(claims, "base64url").toString()), {
      iss: "kubernetes/serviceaccount",
      "kubernetes.io/serviceaccount/namespace": "default",
      "kubernetes.io/serviceaccount/secret.name": "robot-token",
      "kubernetes.io/serviceaccount/service-account.name": "robot",
      "kubernetes.io/serviceaccount/service-account.uid": account.metadata.uid,
      sub: "system:serviceaccount:default:robot",
    });
    await cluster.clock.advance(3_600_000);
    await cluster.settle();
    assert.equal((await cluster.client.get(secrets, "robot-token", "default")).metadata.resourceVersion, secret.metadata.resourceVersion);
  });

  it("take their Secrets along when they go", async () => {
    await cluster.client.delete(serviceAccounts, "robot", "default");
    await cluster.settle();
    assert.equal(await cluster.client.find(secrets, "robot-token", "default"), undefined);
  });

  it("have no Secrets before they are, nor those of a namesake", async () => {
    await cluster.client.create(secrets, tokenSecret("early", { [NAME]: "nobody" }));
    await cluster.client.create(secrets, tokenSecret("older", { [NAME]: "default", [UID]: "of-another" }));
    await cluster.settle();
    assert.equal(await cluster.client.find(secrets, "early", "default"), undefined);
    assert.equal(await cluster.client.find(secrets, "older", "default"), undefined);
  });
});

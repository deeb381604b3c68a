import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { configMaps, secrets } from "#api/resources.ts";
import type { Secret } from "#api/types.ts";
import type { New } from "#client/client.ts";
import { toTime } from "#lib/clock.ts";
import { TestCluster } from "../testing/harness.ts";

const tokenSecret = (id: string, more: Record<string, string> = {}): New<Secret> => ({
  metadata: { name: `bootstrap-token-${id}`, namespace: "kube-system" },
  type: "bootstrap.kubernetes.io/token",
  stringData: { "token-id": id, "token-secret": "0123456789abcdef", "usage-bootstrap-signing": "true", ...more },
});

describe("bootstrap tokens", () => {
  let cluster: TestCluster;
  before(async () => void (cluster = await TestCluster.start({ nodes: 0 })));
  after(() => cluster.stop());
  const signers = async (): Promise<string[]> => {
    await cluster.settle();
    const { data = {} } = await cluster.client.get(configMaps, "cluster-info", "kube-public");
    return Object.keys(data).flatMap((key) => (key.startsWith("jws-kubeconfig-") ? [key.slice(15)] : []));
  };

  it("sign what is known of the cluster, as long as they live and may", async () => {
    await cluster.client.create(configMaps, { metadata: { name: "cluster-info", namespace: "kube-public" }, data: { kubeconfig: "a kubeconfig", "jws-kubeconfig-gonexx": "old" } });
    assert.deepEqual(await signers(), []);
    await cluster.client.create(secrets, tokenSecret("abcdef", { expiration: toTime(cluster.clock.now() + 60_000) }));
    await cluster.client.create(secrets, tokenSecret("silent", { "usage-bootstrap-signing": "false" }));
    assert.deepEqual(await signers(), ["abcdef"]);
    const { data = {} } = await cluster.client.get(configMaps, "cluster-info", "kube-public");
    const [header = "", payload, signature] = data["jws-kubeconfig-abcdef"]!.split(".");
    assert.equal(Buffer.from(header, "base64url").toString(), '{"alg":"HS256","kid":"abcdef"}');
    assert.equal(payload, "");
    assert.equal(signature, createHmac("sha256", "0123456789abcdef").update(`${header}.${Buffer.from("a kubeconfig").toString("base64url")}`).digest("base64url"));
  });

  it("are deleted when their time is over, and their signatures with them", async () => {
    await cluster.clock.advance(59_000);
    assert.deepEqual(await signers(), ["abcdef"]);
    await cluster.clock.advance(2_000);
    assert.deepEqual(await signers(), []);
    assert.equal(await cluster.client.find(secrets, "bootstrap-token-abcdef", "kube-system"), undefined);
    await cluster.client.get(secrets, "bootstrap-token-silent", "kube-system");
  });
});

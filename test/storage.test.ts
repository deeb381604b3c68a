import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ClusterApi } from "./support/api.ts";
import { sharedShop } from "./support/cluster.ts";
import { assertBooksBalance, get, placeOrder, type Order } from "./support/shop.ts";
import { until } from "./support/wait.ts";

const cluster = await sharedShop();
const { shop } = cluster;
const api = new ClusterApi(cluster.kubeconfig);

describe("what is stored", () => {
  test("orders survive the deletion of the database's pod", async () => {
    const before = await placeOrder(shop);
    assert.equal(before.status, 201);
    const { uid } = (await api.core.readNamespacedPod({ namespace: "shop", name: "postgres-0" })).metadata!;
    await api.core.deleteNamespacedPod({ namespace: "shop", name: "postgres-0" });
    await until("a new postgres-0", async () => {
      const pod = await api.core.readNamespacedPod({ namespace: "shop", name: "postgres-0" });
      return pod.metadata!.uid !== uid;
    });
    await api.readyPod("shop", "postgres-0", { timeoutMs: 60_000 });
    await until("orders to be taken", async () => (await placeOrder(shop)).status === 201);
    assert.equal((await get<Order>(`${shop}/api/orders/${before.body.id}`)).body.id, before.body.id);
    await assertBooksBalance(shop);
  });

  test("the claim is bound to a volume that outlives the pod", async () => {
    const { items } = await api.core.listNamespacedPersistentVolumeClaim({ namespace: "shop" });
    assert.equal(items.length, 1);
    assert.equal(items[0]!.status!.phase, "Bound");
  });

  test("each service has a role that reaches its own schema only", async () => {
    const [pod] = await api.pods("shop", "app=order-service");
    const env = (await api.evaluate("shop", pod!.metadata!.name!, "return { user: process.env.PGUSER, host: process.env.PGHOST }")) as { user: string; host: string };
    assert.ok(env.user && !/^postgres$/.test(env.user), `order-service is ${env.user} in the database`);
  });
});

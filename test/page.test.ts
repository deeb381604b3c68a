import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { ClusterApi } from "./support/api.ts";
import { findChromium, launchChromium } from "./support/browser.ts";
import { sharedShop } from "./support/cluster.ts";
import { ROOT } from "./support/tidepool.ts";
import { until } from "./support/wait.ts";

const cluster = await sharedShop();
const api = new ClusterApi(cluster.kubeconfig);
const chromium = findChromium();

/** Set to renew the picture in the README. */
const PICTURE = process.env["UPDATE_PICTURE"] === "1" ? join(ROOT, "docs/images/page.png") : undefined;

describe("the shop's page", { skip: "reason" in chromium ? chromium.reason : false }, () => {
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  before(async () => {
    browser = await launchChromium("path" in chromium ? chromium.path : "");
    page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => message.type() === "error" && !/status of 4\d\d/.test(message.text()) && complaints.push(message.text()));
    await page.goto(`${cluster.shop}/`);
  });
  after(() => browser?.close());

  /** The count per version that a service's row shows for the last minute. */
  const split = async (service: string): Promise<Record<string, number>> =>
    page.getByTestId(`split-${service}`).locator("li[data-version]").evaluateAll((items) => Object.fromEntries(items.map((item) => [item.getAttribute("data-version"), Number(item.getAttribute("data-count"))])) as Record<string, number>);

  test("it is there, in English and in Korean", async () => {
    await page.getByRole("heading", { level: 1 }).waitFor();
    assert.match(await page.title(), /Tidepool/);
    await page.getByRole("button", { name: "한국어" }).click();
    await until("Korean", async () => /[가-힣]/.test((await page.getByRole("heading", { level: 2 }).first().textContent()) ?? ""));
    await page.getByRole("button", { name: "English" }).click();
    await page.getByRole("heading", { name: "Live traffic" }).waitFor();
  });

  const buttons: [string, string][] = [
    ["create-order", "201"],
    ["same-key", "201"],
    ["list-orders", "200"],
    ["list-products", "200"],
    ["list-users", "200"],
    ["invariant", "200"],
    ["versions", "200"],
    ["unknown-product", "404"],
    ["bad-input", "400"],
    ["sold-out", "409"],
    ["no-credit", "402"],
  ];
  for (const [button, status] of buttons) {
    test(`the button ${button} shows the answer ${status} and the pod that gave it`, async () => {
      await page.getByTestId(`call-${button}`).click();
      await until(`status ${status}`, async () => (await page.getByTestId("answer-status").textContent()) === status, { timeoutMs: 10_000 });
      assert.match((await page.getByTestId("answered-by").textContent()) ?? "", /pod-\d+ v1/);
      assert.ok(JSON.parse((await page.getByTestId("answer-body").textContent()) ?? ""));
    });
  }

  test("steady traffic fills every service's row: pods, split, response time, no errors", async () => {
    await page.getByRole("switch", { name: "Steady traffic" }).click();
    await until("all three pods of order-service", async () => (await page.getByTestId("pods-order-service").getByTestId("pod").count()) >= 3, { timeoutMs: 60_000 });
    await until("a median", async () => /\d/.test((await page.getByTestId("p50-order-service").textContent()) ?? ""));
    assert.deepEqual(Object.keys(await split("order-service")), ["v1"]);
    assert.match((await page.getByTestId("pods-order-service").textContent()) ?? "", /pod-1.*pod-2.*pod-3/s);
  });

  test("a rolling update can be seen: both versions share the traffic, then the new one has it, without an error", async () => {
    const image = (tag: string): string => `localhost:5002/shop/order-service:${tag}`;
    await api.setImage("shop", "order-service", image("v2"));
    try {
      const during = await until("both versions in the split", async () => {
        const now = await split("order-service");
        return now["v1"]! > 0 && now["v2"]! > 0 && now;
      });
      assert.deepEqual(Object.keys(during).sort(), ["v1", "v2"]);
      await page.getByTestId("happenings").getByText("v2").first().waitFor({ timeout: 10_000 });
      if (PICTURE !== undefined) await picture(PICTURE);
      await api.rolledOut("shop", "order-service");
      await until("several new pods", async () => (await page.locator('[data-testid="pods-order-service"] [data-version="v2"]').count()) >= 2);
      assert.equal(await page.getByTestId("errors-order-service").textContent(), "0%");
    } finally {
      await api.setImage("shop", "order-service", image("v1"));
      await api.rolledOut("shop", "order-service");
    }
  });

  test("nothing was complained of in the browser's console", () => assert.deepEqual(complaints, []));

  /** Taken when the update is well under way. */
  async function picture(path: string): Promise<void> {
    await until("a fair share of v2", async () => ((await split("order-service"))["v2"] ?? 0) > 60, { timeoutMs: 20_000 });
    await page.screenshot({ path });
  }
});

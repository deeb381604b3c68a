/** The page in a real browser, against the running shop. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { after, test } from "node:test";
import { chromium, type Page } from "playwright-core";
import { startShop } from "./shop.ts";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const executablePath =
  process.env.CHROME_PATH ??
  [...(process.env.PATH ?? "").split(delimiter).flatMap((folder) => names.map((name) => join(folder, name))), "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"].find((path) => existsSync(path));
const options = { skip: executablePath === undefined ? "there is no Chromium; install it or set CHROME_PATH" : false, timeout: 120_000 };

const running = executablePath === undefined ? undefined : await start(executablePath);

async function start(path: string) {
  const shop = await startShop({ replicas: { "order-service": 3, "inventory-service": 2, "user-service": 2, frontend: 2 } });
  const args = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  // Chromium's own sandbox does not start for root.
  const browser = await chromium.launch({ executablePath: path, args: process.getuid?.() === 0 ? [...args, "--no-sandbox"] : args });
  after(() => browser.close());
  return { ...shop, browser };
}

async function open(locale = "en-US"): Promise<Page> {
  const page = await running!.browser.newPage({ locale });
  page.on("pageerror", (error) => assert.fail(error));
  await page.goto(running!.shop.url);
  return page;
}

const answered = (page: Page, status: number): Promise<void> => page.getByTestId("answer-status").filter({ hasText: String(status) }).waitFor();

test("each button shows the request, who answered, and the answer", options, async () => {
  const page = await open();
  const buttons: [name: string, status: number, body: RegExp][] = [
    ["Place an order", 201, /"status": "confirmed"/],
    ["List orders", 200, /"orders"/],
    ["List products", 200, /"Tide clock"/],
    ["List users", 200, /"Mina Park"/],
    ["Check the stock", 200, /"holds": true/],
    ["Check the payments", 200, /"charged_cents"/],
    ["Versions", 200, /"order-service"/],
    ["Unknown product", 404, /unknown_product/],
    ["Bad input", 400, /"field": "quantity"/],
    ["Sold out", 409, /out_of_stock/],
    ["No credit", 402, /insufficient_credit/],
    ["Same order twice", 201, /"status": "confirmed"/],
  ];
  for (const [name, status, body] of buttons) {
    await page.getByRole("button", { name, exact: true }).click();
    await page.getByTestId("answer-body").filter({ hasText: body }).waitFor();
    await answered(page, status);
    assert.match((await page.getByTestId("answered-by").textContent())!, /pod-\d v1/, name);
  }
  await page.getByText("one order, one charge, one sale").waitFor();
  await page.close();
});

test("a rolling update shows while it happens: new pods, the split, no errors", options, async () => {
  const { shop } = running!;
  const page = await open();
  await page.getByTestId("rate").fill("30");
  await page.getByRole("switch", { name: "Steady traffic" }).click();
  const pods = page.getByTestId("pods-order-service").getByTestId("pod");
  await pods.nth(2).waitFor();
  assert.deepEqual((await pods.allTextContents()).map((text) => text.slice(0, 8)), ["pod-1 v1", "pod-2 v1", "pod-3 v1"]);

  const orders = shop.processes.filter(({ service }) => service === "order-service");
  await shop.restart(orders[0]!, { version: "v2", name: "order-service-6c4b9d8f7-aaaaa" });
  const v2 = page.getByTestId("split-order-service").locator('[data-version="v2"]');
  await v2.waitFor();
  await page.getByTestId("happenings").getByText("v2 is here").waitFor();
  assert.match((await pods.nth(3).textContent())!, /^pod-4 v2/);
  assert.equal(await pods.nth(3).getAttribute("title"), "order-service-6c4b9d8f7-aaaaa, v2");
  for (const [index, bare] of orders.slice(1).entries()) await shop.restart(bare, { version: "v2", name: `order-service-6c4b9d8f7-bbbb${index}` });
  await pods.nth(5).waitFor();
  // Everything is v2 now: its share grows.
  const count = async (): Promise<number> => Number(await v2.getAttribute("data-count"));
  const before = await count();
  while ((await count()) <= before + 10) await v2.waitFor();
  assert.equal(await page.getByTestId("error-rate").textContent(), "0%");
  assert.match((await page.getByTestId("p50").textContent())!, /^\d[\d.]* ms$/);
  assert.ok(Number(await page.getByTestId("answers").textContent()) > 50);
  await page.getByRole("switch", { name: "Steady traffic" }).click();
  await page.close();
});

test("a service that is gone shows as errors", options, async () => {
  const { shop } = running!;
  const page = await open();
  await page.getByRole("switch", { name: "Steady traffic" }).click();
  const users = shop.processes.filter(({ service }) => service === "user-service");
  for (const { child } of users) child.kill("SIGKILL");
  await page.getByTestId("pods-user-service").getByTestId("nobody").waitFor();
  await page.getByTestId("error-rate").and(page.locator(".has-errors")).waitFor();
  await Promise.all(users.map((bare) => shop.restart(bare)));
  await page.close();
});

test("version 2 of the page is told apart, and an open page tells that there is one", options, async () => {
  const { shop } = running!;
  const page = await open();
  assert.equal(await page.getByTestId("banner").isVisible(), false);
  for (const bare of shop.processes.filter(({ service }) => service === "frontend")) await shop.restart(bare, { version: "v2", name: `${bare.name}-v2` });
  await page.getByRole("switch", { name: "Steady traffic" }).click();
  await page.getByTestId("new-page").getByText("The frontend now serves v2").waitFor();
  await page.getByRole("button", { name: "Reload" }).click();
  await page.getByTestId("banner").waitFor();
  assert.match((await page.getByTestId("page-version").textContent())!, /v2/);
  await page.close();
});

test("the page speaks Korean to those who prefer it, and remembers another choice", options, async () => {
  const page = await open("ko-KR");
  await page.getByRole("heading", { name: "타이드풀 상점" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "ko");
  await page.getByRole("button", { name: "주문하기" }).click();
  await answered(page, 201);
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { name: "Tidepool shop" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Tidepool shop" }).waitFor();
  await page.close();
});

test("everything can be reached and worked with the keyboard, and nothing needs sideways scrolling", options, async () => {
  const page = await open();
  await page.getByRole("switch", { name: "Steady traffic" }).focus();
  await page.keyboard.press("Space");
  assert.equal(await page.getByRole("switch", { name: "Steady traffic" }).getAttribute("aria-checked"), "true");
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowRight");
  await page.getByText("11 per second").waitFor();
  for (const width of [1280, 800, 390]) {
    await page.setViewportSize({ width, height: 900 });
    assert.ok(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), `at ${width} px the page is wider than its window`);
  }
  await page.close();
});

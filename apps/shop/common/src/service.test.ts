import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { systemClock } from "./clock.ts";
import { badInput } from "./errors.ts";
import { type Build, type Running, startService } from "./service.ts";

const LINES: string[] = [];

async function start(build: Build, env: Record<string, string> = {}): Promise<Running> {
  LINES.length = 0;
  return startService("test-service", build, {
    env: { HOST: "127.0.0.1", PORT: "0", HOSTNAME: "pod-a", SERVICE_VERSION: "v2", DRAIN_MS: "0", ...env },
    out: { write: (text: string) => LINES.push(...text.trimEnd().split("\n")) },
  });
}

test("an answer says who gave it, and continues the caller's trace in one log line", async () => {
  const running = await start(({ app }) => {
    app.get("/things/:id", () => ({ fine: true }));
    return {};
  });
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const response = await fetch(`${running.url}/things/5?x=1`, { headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, "x-request-id": "r-1" } });
  assert.deepEqual(await response.json(), { fine: true });
  assert.deepEqual(["x-pod", "x-service", "x-service-version", "x-request-id"].map((name) => response.headers.get(name)), ["pod-a", "test-service", "v2", "r-1"]);
  await running.stop();
  const requests = LINES.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line.message === "request");
  assert.equal(requests.length, 1);
  const { service, version, pod, route, path, status, requestId } = requests[0]!;
  assert.deepEqual([service, version, pod, route, path, status, requestId, requests[0]!.traceId], ["test-service", "v2", "pod-a", "/things/:id", "/things/5?x=1", 200, "r-1", traceId]);
});

test("errors have one shape, and mistakes of ours stay in the log", async () => {
  const running = await start(({ app }) => {
    app.post("/things", () => {
      throw badInput("colour", "colour is required");
    });
    app.get("/broken", () => {
      throw new Error("the secret");
    });
    return {};
  });
  const ask = async (path: string, init?: RequestInit): Promise<[number, { error: Record<string, string>; request_id: string }]> => {
    const response = await fetch(running.url + path, init);
    return [response.status, (await response.json()) as { error: Record<string, string>; request_id: string }];
  };
  const [badStatus, bad] = await ask("/things", { method: "POST", body: "{}", headers: { "content-type": "application/json" } });
  assert.deepEqual([badStatus, bad.error], [400, { code: "bad_input", message: "colour is required", field: "colour" }]);
  const [brokenStatus, broken] = await ask("/broken");
  assert.equal(brokenStatus, 500);
  assert.doesNotMatch(JSON.stringify(broken), /secret/);
  assert.equal((await ask("/nowhere"))[0], 404);
  assert.equal((await ask("/things", { method: "POST", body: "{", headers: { "content-type": "application/json" } }))[1].error.field, "body");
  await running.stop();
  assert.ok(LINES.some((line) => line.includes("the secret") && line.includes(broken.request_id)));
});

test("ready is when the dependencies are; alive is always", async () => {
  let reachable = false;
  const running = await start(() => ({ ready: () => (reachable ? Promise.resolve() : Promise.reject(new Error("no database"))) }));
  const status = async (path: string): Promise<number> => (await fetch(running.url + path)).status;
  assert.deepEqual([await status("/readyz"), await status("/healthz")], [503, 200]);
  reachable = true;
  assert.equal(await status("/readyz"), 200);
  await running.stop();
});

test("metrics count requests by route and tell the version", async () => {
  const running = await start(({ app }) => {
    app.get("/things/:id", () => ({}));
    return {};
  });
  await fetch(`${running.url}/things/1`);
  await fetch(`${running.url}/things/2`);
  const text = await (await fetch(`${running.url}/metrics`)).text();
  assert.match(text, /http_requests_total\{method="GET",route="\/things\/:id",status="200"\} 2/);
  assert.match(text, /http_request_duration_seconds_count\{method="GET",route="\/things\/:id"\} 2/);
  assert.match(text, /service_build_info\{service="test-service",version="v2",node="v\d+[^"]*"\} 1/);
  await running.stop();
});

test("leaving loses no request: unready at once, still serving, closing what is done, waiting for what is in flight", async () => {
  let release: () => void = () => {};
  let closed = false;
  let endDrain: () => void = () => {};
  const slow = new Promise<void>((resolve) => (release = resolve));
  const running = await startService(
    "test-service",
    ({ app }) => {
      app.get("/slow", async () => {
        await slow;
        assert.equal(closed, false, "the pools closed under a request");
        return { slow: "but sure" };
      });
      app.get("/quick", () => ({}));
      return {
        close: () => {
          closed = true;
          return Promise.resolve();
        },
      };
    },
    {
      env: { HOST: "127.0.0.1", PORT: "0", DRAIN_MS: "5" },
      out: { write: () => true },
      // The drain ends when the test says so; the shutdown timeout never comes.
      clock: { ...systemClock, sleep: (ms) => (ms === 5 ? new Promise((resolve) => (endDrain = resolve)) : new Promise(() => {})) },
    },
  );
  const inFlight = fetch(`${running.url}/slow`);
  await fetch(`${running.url}/quick`); // the slow one has surely arrived
  const stopped = running.stop();
  assert.equal((await fetch(`${running.url}/readyz`)).status, 503);
  const quick = await fetch(`${running.url}/quick`);
  assert.deepEqual([quick.status, quick.headers.get("connection")], [200, "close"]);
  endDrain();
  await untilRefused(running.url);
  release();
  assert.deepEqual(await (await inFlight).json(), { slow: "but sure" });
  await stopped;
  assert.ok(closed);
});

function untilRefused(url: string): Promise<void> {
  return new Promise((resolve) => {
    const attempt = (): void => {
      request(`${url}/quick`, { agent: false }, (response) => {
        response.resume();
        response.on("end", attempt);
      })
        .on("error", () => resolve())
        .end();
    };
    attempt();
  });
}

/** An API server for tests: in memory, with a clock that stands still and chance that repeats. */
import { generateKeyPairSync } from "node:crypto";
import { FakeClock } from "#lib/clock.ts";
import { bodyText, lines, type HttpResponse } from "#lib/http.ts";
import { silentLogger } from "#lib/log.ts";
import { seededRng } from "#lib/random.ts";
import type { KubeObject, WatchEvent } from "#api/types.ts";
import { memoryDriver, openStore, type Store } from "#store/index.ts";
import { reconcilePolicy } from "./authorization/bootstrap-policy/reconcile.ts";
import { createApiServer, type ApiServer, type ApiServerOptions } from "./apiserver.ts";
import { bootstrap } from "./bootstrap.ts";
import { systemUser, type User } from "./user.ts";

export interface Answer {
  status: number;
  headers: Record<string, string>;
  /** The body, parsed when it is JSON. Loosely typed: tests look at what they expect. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
}

export interface TestServer {
  api: ApiServer;
  store: Store;
  clock: FakeClock;
  /** Sends a request as an administrator; a body that is no text is sent as JSON. `GET /api/v1/pods`. */
  request(line: string, body?: unknown, headers?: Record<string, string>, user?: User): Promise<Answer>;
  /** Creates an object; throws when that fails. */
  create(path: string, object: unknown): Promise<KubeObject>;
  /** Begins a watch; its events are read one by one. */
  watch(url: string, headers?: Record<string, string>): Promise<Watch>;
  close(): Promise<void>;
}

export interface Watch {
  next(): Promise<WatchEvent<KubeObject> | undefined>;
  stop(): void;
}

export interface TestServerOptions extends Partial<ApiServerOptions> {
  /** With the default roles and bindings: for tests of what others than administrators may do. */
  policy?: boolean;
}

/** With the system namespaces and a `default` service account in `default`. */
export async function startTestServer({ policy = false, ...options }: TestServerOptions = {}): Promise<TestServer> {
  const clock = new FakeClock();
  const store = options.store ?? openStore({ driver: memoryDriver(), historyRevisions: 100 });
  const api = createApiServer({
    store,
    clock,
    rng: seededRng(1),
    log: silentLogger,
    nodeConnector: () => undefined,
    serviceAccountKey: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
    ...options,
  });
  const admin = systemUser("admin");
  await bootstrap(api.handlerFor(admin), { address: "172.30.0.2", port: 6443 });
  if (policy) await reconcilePolicy(api.handlerFor(admin));

  async function send(line: string, body: unknown, headers: Record<string, string>, user: User, signal?: AbortSignal): Promise<HttpResponse> {
    const [method = "GET", url = "/"] = line.split(" ");
    const text = body === undefined || typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
    return api.handle({ method, url, headers, body: text, signal }, user);
  }

  const server: TestServer = {
    api,
    store,
    clock,
    async request(line, body, headers = {}, user = admin) {
      const response = await send(line, body, headers, user);
      const text = await bodyText(response.body);
      const isJson = response.headers["content-type"]?.startsWith("application/json");
      return { status: response.status, headers: response.headers, body: isJson && text !== "" ? JSON.parse(text) : text };
    },
    async create(path, object) {
      const { status, body } = await server.request(`POST ${path}`, object);
      if (status !== 201) throw new Error(`create answered ${status}: ${JSON.stringify(body)}`);
      return body as KubeObject;
    },
    async watch(url, headers = {}) {
      const stop = new AbortController();
      const response = await send(`GET ${url}`, undefined, headers, admin, stop.signal);
      if (response.status !== 200) throw new Error(`watch answered ${response.status}: ${await bodyText(response.body)}`);
      const events = lines(response.body);
      return {
        async next() {
          const { value, done } = await events.next();
          return done ? undefined : (JSON.parse(value) as WatchEvent<KubeObject>);
        },
        stop: () => stop.abort(),
      };
    },
    async close() {
      await api.close();
      await store.close();
    },
  };
  // There already when the store is another server's.
  await server.request("POST /api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } });
  return server;
}

/** A ConfigMap to write. */
export const configMap = (name: string, data: Record<string, string> = {}, metadata: object = {}): object => ({ metadata: { name, ...metadata }, data });

/** A pod to write, on a node if one is named. */
export const pod = (name: string, nodeName?: string, metadata: object = {}): object => ({
  metadata: { name, ...metadata },
  spec: { ...(nodeName ? { nodeName } : {}), containers: [{ name: "app", image: "app:1" }] },
});

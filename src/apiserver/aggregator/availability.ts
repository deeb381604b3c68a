/**
 * Says of each APIService behind a Service whether it can be reached, and learns what it serves.
 * @see https://github.com/kubernetes/kube-aggregator/blob/master/pkg/controllers/status/remote/remote_available_controller.go
 */
import { every, toTime, type Clock } from "#lib/clock.ts";
import { bodyText, type HttpHandler } from "#lib/http.ts";
import { errorMessage, type Logger } from "#lib/log.ts";
import type { APIResource } from "#api/discovery.ts";
import { apiServices, endpointSlices, resourcePath, services } from "#api/resources.ts";
import type { APIService } from "#api/types.ts";
import type { Finders } from "../finders.ts";
import { send, type Named } from "../own-writes.ts";
import { systemUser } from "../user.ts";
import type { Aggregator } from "./aggregator.ts";

const PERIOD_MS = 10_000;
const TIMEOUT_MS = 5_000;
const SERVICE_NAME = "kubernetes.io/service-name";

export interface AvailabilityOptions {
  aggregator: Aggregator;
  find: Finders;
  /** Writes statuses. */
  handler: HttpHandler;
  clock: Clock;
  log: Logger;
}

interface Verdict {
  status: "True" | "False";
  reason: string;
  message: string;
  resources?: APIResource[];
}

/** Looks every ten seconds, and at a backend's first sight; returns a function that stops it. */
export function followAvailability({ aggregator, find, handler, clock, log }: AvailabilityOptions): { check(): Promise<void>; stop(): void } {
  async function check(): Promise<void> {
    await Promise.all(
      aggregator.backends().map(async (backend) => {
        const { resources, ...verdict } = await judge(backend);
        aggregator.discovered(backend, resources);
        await tell(backend, verdict);
      }),
    );
  }

  async function judge(backend: APIService): Promise<Verdict> {
    const { name = "", namespace = "", port = 443 } = backend.spec.service!;
    const no = (reason: string, message: string): Verdict => ({ status: "False", reason, message });
    const service = find.object(services, namespace, name);
    if (!service) return no("ServiceNotFound", `service/${name} in ${JSON.stringify(namespace)} is not present`);
    const servicePort = service.spec.ports?.find((candidate) => candidate.port === port);
    if (!servicePort) return no("ServicePortError", `service/${name} in ${JSON.stringify(namespace)} is not listening on port ${port}`);
    const slices = find.list(endpointSlices, namespace).filter(({ metadata }) => metadata.labels?.[SERVICE_NAME] === name);
    if (!slices.some(({ endpoints = [] }) => endpoints.some(({ conditions }) => conditions?.ready !== false))) {
      return no("MissingEndpoints", `endpoints for service/${name} in ${JSON.stringify(namespace)} have no addresses with port name ${JSON.stringify(servicePort.name ?? "")}`);
    }
    const url = `/apis/${backend.spec.group}/${backend.spec.version}`;
    const late = new AbortController();
    const cancel = clock.after(TIMEOUT_MS, () => late.abort(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    try {
      const response = await aggregator.forward(backend, { method: "GET", url, headers: { accept: "application/json" }, signal: late.signal }, systemUser("system:kube-aggregator"));
      const text = await bodyText(response.body);
      if (response.status < 200 || response.status > 299) return no("FailedDiscoveryCheck", `failing or missing response from ${url}: bad status from ${url}: ${response.status}`);
      const { resources = [] } = JSON.parse(text) as { resources?: APIResource[] };
      return { status: "True", reason: "Passed", message: "all checks passed", resources };
    } catch (error) {
      return no("FailedDiscoveryCheck", `failing or missing response from ${url}: ${errorMessage(error)}`);
    } finally {
      cancel();
    }
  }

  async function tell(backend: APIService, { status, reason, message }: Verdict): Promise<void> {
    const known = backend.status?.conditions?.find(({ type }) => type === "Available");
    if (known?.status === status && known.reason === reason && known.message === message) return;
    const lastTransitionTime = known?.status === status ? known.lastTransitionTime : toTime(clock.now());
    const others = (backend.status?.conditions ?? []).filter(({ type }) => type !== "Available");
    const next = { ...backend, status: { conditions: [...others, { type: "Available", status, reason, message, lastTransitionTime }] } };
    // A conflict or a deletion meanwhile: the next look finds what is there then.
    await send(handler, "PUT", resourcePath(apiServices, "", backend.metadata.name, "status"), apiServices, next as unknown as Named);
  }

  const look = (): void => void check().catch((error: unknown) => log.warn("the APIServices could not be looked after", { error: errorMessage(error) }));
  return { check, stop: every(clock, PERIOD_MS, look) };
}

import { Counter, Gauge, Histogram, Registry } from "@prometheus-io/client";
import type { Identity } from "./identity.ts";

/** The numbers every service exposes under /metrics. */
export class Metrics {
  readonly registry = new Registry();
  private readonly requests: Counter<"method" | "route" | "status">;
  private readonly durations: Histogram<"method" | "route">;

  constructor(identity: Identity) {
    const registers = [this.registry];
    this.requests = new Counter({ name: "http_requests_total", help: "Requests answered", labelNames: ["method", "route", "status"], registers });
    this.durations = new Histogram({
      name: "http_request_duration_seconds",
      help: "Time from a request's first byte to the end of its answer",
      labelNames: ["method", "route"],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    });
    new Gauge({ name: "service_build_info", help: "Always 1; the labels tell what runs", labelNames: ["service", "version", "node"], registers }).set(
      { service: identity.service, version: identity.version, node: process.version },
      1,
    );
    // Read when scraped: the library's own default metrics keep timers running, which an idle pod would pay for.
    this.gauge("process_resident_memory_bytes", "Resident memory", () => process.memoryUsage.rss());
    this.gauge("nodejs_heap_size_used_bytes", "Used heap", () => process.memoryUsage().heapUsed);
    this.gauge("process_cpu_seconds_total", "CPU time used", () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    });
    const startedS = Date.now() / 1000 - process.uptime();
    this.gauge("process_start_time_seconds", "Start time since the epoch", () => startedS);
  }

  /** A gauge read at scrape time. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  observe(method: string, route: string, status: number, seconds: number): void {
    this.requests.inc({ method, route, status });
    this.durations.observe({ method, route }, seconds);
  }
}

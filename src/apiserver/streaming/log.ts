/**
 * `GET .../pods/NAME/log`.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/pod/strategy.go (LogLocation)
 */
import type { HttpResponse } from "#lib/http.ts";
import { invalid, type FieldError } from "#api/errors.ts";
import type { LogOptions, NodeConnector } from "#api/kubelet.ts";
import type { Pod } from "#api/types.ts";
import { objectOf } from "../registry/registry.ts";
import { isTrue } from "../request-info.ts";
import { numberOf, type Call } from "../resource-handlers.ts";
import { chooseContainer, kubeletOf, podRef } from "./pod-target.ts";

export async function handlePodLog(call: Call, connector: NodeConnector): Promise<HttpResponse> {
  const { registry, target, query, http } = call;
  const pod = objectOf<Pod>(registry.get(target.namespace, target.name));
  const options = logOptions(query, chooseContainer(pod, query.get("container")));
  const headers = { "content-type": "text/plain", "cache-control": "no-cache, private" };
  // As upstream: a pod that isn't scheduled yet has an empty log.
  if (!pod.spec.nodeName) return { status: 200, headers, body: "" };
  const signal = http.signal ?? new AbortController().signal;
  return { status: 200, headers, body: await kubeletOf(pod, connector).logs(podRef(pod), options, signal) };
}

/** Throws Invalid in upstream's words. */
function logOptions(query: URLSearchParams, container: string): LogOptions {
  const options: LogOptions = {
    container,
    follow: isTrue(query.get("follow")),
    previous: isTrue(query.get("previous")),
    timestamps: isTrue(query.get("timestamps")),
    sinceSeconds: numberOf(query, "sinceSeconds"),
    sinceTime: query.get("sinceTime") ?? undefined,
    tailLines: numberOf(query, "tailLines"),
    limitBytes: numberOf(query, "limitBytes"),
  };
  const errors: FieldError[] = [];
  const atLeast = (field: "tailLines" | "limitBytes" | "sinceSeconds", least: number, why: string): void => {
    const value = options[field];
    if (value !== undefined && value < least) errors.push({ field, type: "Invalid", message: `Invalid value: ${value}: ${why}` });
  };
  atLeast("tailLines", 0, "must be greater than or equal to 0");
  atLeast("limitBytes", 1, "must be greater than 0");
  atLeast("sinceSeconds", 1, "must be greater than 0");
  if (options.sinceSeconds !== undefined && options.sinceTime !== undefined) {
    errors.push({ field: "", type: "Forbidden", message: "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified" });
  }
  const stream = query.get("stream");
  if (stream !== null && stream !== "All") {
    errors.push({ field: "stream", type: "NotSupported", message: `Unsupported value: ${JSON.stringify(stream)}: supported values: "All"` });
  }
  if (errors.length > 0) throw invalid({ resource: "PodLogOptions" }, errors);
  return options;
}

/** The pods that a Job starts. */
import type { Job, Pod } from "#api/types.ts";
import { podFromTemplate } from "../common/pods.ts";
import { COMPLETION_INDEX, isIndexed } from "./indexes.ts";
import type { NewPod } from "./plan.ts";
import { INDEX_FAILURES, TRACKING_FINALIZER } from "./tally.ts";

/** The variable by which a program learns its index. */
const INDEX_VARIABLE = "JOB_COMPLETION_INDEX";

export function jobPod(job: Job, { index, indexFailures }: NewPod): Pod {
  const pod = podFromTemplate(job.spec.template, job);
  const { metadata, spec } = pod;
  metadata.finalizers = [...(metadata.finalizers ?? []), TRACKING_FINALIZER];
  metadata.generateName = `${job.metadata.name}-`;
  if (index === undefined || !isIndexed(job)) return pod;
  metadata.generateName = `${job.metadata.name}-${index}-`;
  metadata.labels = { ...metadata.labels, [COMPLETION_INDEX]: String(index) };
  metadata.annotations = { ...metadata.annotations, [COMPLETION_INDEX]: String(index), ...(indexFailures === undefined ? {} : { [INDEX_FAILURES]: String(indexFailures) }) };
  spec.hostname = `${job.metadata.name}-${index}`.slice(0, 63);
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    if (container.env?.some(({ name }) => name === INDEX_VARIABLE)) continue;
    container.env = [...(container.env ?? []), { name: INDEX_VARIABLE, valueFrom: { fieldRef: { fieldPath: `metadata.labels['${COMPLETION_INDEX}']` } } }];
  }
  return pod;
}

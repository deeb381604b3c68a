/**
 * Watches the ConfigMaps and Secrets that pods refer to, each by itself: a node may read no others.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/util/manager/watch_based_manager.go
 */
import type { Clock } from "#lib/clock.ts";
import type { Logger } from "#lib/log.ts";
import { podReferences } from "#api/pod-references.ts";
import { configMaps, secrets, type Resource } from "#api/resources.ts";
import type { KubeObject, Pod } from "#api/types.ts";
import type { Client } from "#client/client.ts";
import { Informer } from "#client/informer.ts";

/** `configmaps/shop/settings` for everything that a pod refers to. */
export function referenceKeys(pod: Pod): string[] {
  const found = podReferences(pod);
  const { namespace } = pod.metadata;
  return [...[...found.configMaps].map((name) => `${configMaps.plural}/${namespace}/${name}`), ...[...found.secrets].map((name) => `${secrets.plural}/${namespace}/${name}`)];
}

export class ReferenceWatch {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #changed: (reference: string) => void;
  readonly #watches = new Map<string, Informer<KubeObject>>();

  /** `changed` is called when an object appears or changes; the first sight counts. */
  constructor(client: Client, clock: Clock, log: Logger, changed: (reference: string) => void) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
    this.#changed = changed;
  }

  /** Watches these, as {@link referenceKeys} names them, and nothing else any more. */
  follow(references: Iterable<string>): void {
    const wanted = new Set(references);
    for (const [reference, watch] of this.#watches) {
      if (wanted.has(reference)) continue;
      this.#watches.delete(reference);
      void watch.stop();
    }
    for (const reference of wanted) if (!this.#watches.has(reference)) this.#watches.set(reference, this.#watch(reference));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#watches.values()].map((watch) => watch.stop()));
  }

  #watch(reference: string): Informer<KubeObject> {
    const [plural, namespace, name] = reference.split("/") as [string, string, string];
    const resource = (plural === secrets.plural ? secrets : configMaps) as Resource;
    const watch = new Informer(this.#client, resource, { clock: this.#clock, log: this.#log, namespace, fieldSelector: `metadata.name=${name}` });
    watch.subscribe({ set: () => this.#changed(reference), delete: () => undefined });
    watch.start();
    return watch;
  }
}

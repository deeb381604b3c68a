/**
 * Informers of every kind that is served and can be watched, while custom kinds come and go.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/garbagecollector/garbagecollector.go
 */
import { apiServices, apiVersionOf, customResourceDefinitions, type Resource } from "#api/resources.ts";
import type { KubeObject, OwnerReference } from "#api/types.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { discover, groupResource, inPreferredVersions, type ServedResource } from "#client/discovery.ts";
import type { Informer } from "#client/informer.ts";
import { component, type ControllerContext } from "./context.ts";

/** Whatever is born and dies in masses and owns nothing. */
const IGNORED = new Set(["events"]);

/** As often as upstream discovers without a reason. */
const RESYNC_MS = 30_000;

/** A kind that can't be listed for so long is not waited for any longer. */
const PATIENCE_MS = 30_000;

const VERBS = ["list", "watch", "delete"];

export interface WatchedKind {
  /** In the version that the server prefers. */
  resource: Resource;
  informer: Informer<KubeObject>;
}

export interface KindFollower {
  /** Called for each kind that is watched, now and later; returns a function that ends what it began. */
  added(kind: WatchedKind): () => void;
  /** Called when the local copies are complete after kinds were added, and now and then. */
  synced?(): void;
}

/** One set of informers, shared by all controllers that are about any kind. */
export class WatchedKinds {
  readonly #context: ControllerContext;
  readonly #controller: Controller;
  readonly #kinds = new Map<string, WatchedKind & { sinceMs: number; endings: (() => void)[] }>();
  readonly #followers: KindFollower[] = [];
  #served: ServedResource[] | undefined;
  readonly #onDiscovered: (() => void)[] = [];

  constructor(context: ControllerContext) {
    this.#context = context;
    const { clock, log, informers } = context;
    const { client } = component(context, "garbage-collector-controller");
    this.#controller = startController({
      name: "watched-kinds",
      clock,
      log,
      sources: [source(informers.for(customResourceDefinitions), () => [""]), source(informers.for(apiServices), () => [""])],
      reconcile: async () => {
        const { resources } = await discover(client);
        this.#served = resources;
        this.#update(inPreferredVersions(resources.filter(({ plural, verbs }) => !IGNORED.has(plural) && VERBS.every((verb) => verbs.includes(verb)))));
        for (const resolve of this.#onDiscovered.splice(0)) resolve();
        return RESYNC_MS;
      },
    });
    this.#controller.enqueue("");
  }

  /** Resolves once it is known what is served. */
  whenDiscovered(): Promise<void> {
    return this.#served ? Promise.resolve() : new Promise((resolve) => this.#onDiscovered.push(resolve));
  }

  all(): readonly WatchedKind[] {
    return [...this.#kinds.values()];
  }

  /** What a reference names, watched or not, in the version that it names; undefined when it isn't served. */
  resourceOf({ apiVersion, kind }: Pick<OwnerReference, "apiVersion" | "kind">): Resource | undefined {
    return this.#served?.find((resource) => resource.kind === kind && apiVersionOf(resource) === apiVersion);
  }

  /** The watched kind of a resource, whatever its version. */
  watchedAs(resource: Resource): WatchedKind | undefined {
    return this.#kinds.get(groupResource(resource));
  }

  /** Whether the local copies of all kinds are complete. */
  get synced(): boolean {
    const now = this.#context.clock.now();
    return this.#served !== undefined && [...this.#kinds.values()].every(({ informer, sinceMs }) => informer.synced || now - sinceMs >= PATIENCE_MS);
  }

  follow(follower: KindFollower): void {
    this.#followers.push(follower);
    for (const kind of this.#kinds.values()) kind.endings.push(follower.added(kind));
  }

  async whenIdle(): Promise<void> {
    await this.#controller.whenIdle();
    await Promise.all(this.all().map(({ informer }) => informer.whenSynced()));
  }

  async stop(): Promise<void> {
    await this.#controller.stop();
    for (const { endings } of this.#kinds.values()) for (const end of endings) end();
  }

  #update(resources: readonly Resource[]): void {
    const wanted = new Map(resources.map((resource) => [groupResource(resource), resource]));
    for (const [name, { resource }] of this.#kinds) if (!isSame(resource, wanted.get(name))) this.#remove(name, !wanted.has(name));
    for (const [name, resource] of wanted) if (!this.#kinds.has(name)) this.#add(name, resource);
    this.#tellWhenSynced();
  }

  #add(name: string, resource: Resource): void {
    const informer = this.#context.informers.for(resource);
    const kind = { resource, informer, sinceMs: this.#context.clock.now(), endings: [] as (() => void)[] };
    this.#kinds.set(name, kind);
    for (const follower of this.#followers) kind.endings.push(follower.added(kind));
    void informer.whenSynced().then(() => this.#tellWhenSynced());
  }

  /** Objects that went along with their kind are still told of. */
  #remove(name: string, gone: boolean): void {
    const { resource, endings } = this.#kinds.get(name)!;
    this.#kinds.delete(name);
    void this.#context.informers.release(resource, gone).then(() => endings.forEach((end) => end()));
  }

  #tellWhenSynced(): void {
    if (this.synced) for (const follower of this.#followers) follower.synced?.();
  }
}

function isSame(resource: Resource, other: Resource | undefined): boolean {
  return other !== undefined && resource.version === other.version && resource.kind === other.kind && resource.namespaced === other.namespaced;
}

/** What the parts of one kubelet share. */
import type { Clock } from "#lib/clock.ts";
import type { Logger } from "#lib/log.ts";
import type { Rng } from "#lib/random.ts";
import type { Client } from "#client/client.ts";
import type { EventRecorder } from "#client/events.ts";
import type { PodNetwork } from "#net/network.ts";
import type { Service } from "#api/types.ts";
import type { BackOff } from "./backoff.ts";
import type { PodFacts } from "./downward.ts";
import type { ImagePuller } from "./image-puller.ts";
import type { ContainerRuntime } from "./runtime.ts";

/** What the kubelet uses of the pod network. */
export type KubeletNetwork = Pick<PodNetwork, "setup" | "environment" | "teardown" | "dial" | "binDir">;

export interface KubeletContext {
  nodeName: string;
  nodeIP: string;
  client: Client;
  clock: Clock;
  rng: Rng;
  log: Logger;
  recorder: EventRecorder;
  runtime: ContainerRuntime;
  network: KubeletNetwork;
  puller: ImagePuller;
  crashBackOff: BackOff;
  podsDirectory: string;
  compileCacheDirectory: string;
  extraEnvironment: Record<string, string>;
  /** The kubelet is ending: nothing is started any more. */
  stopping(): boolean;
  facts(podIP: string): PodFacts;
  /** All Services, for the variables that name them. */
  services(): Service[];
}

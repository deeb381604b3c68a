/**
 * Gets a container's image by its pull policy, with back-off and upstream's events.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/images/image_manager.go
 */
import { applyDefaultTag, type PulledImage } from "#registry/client.ts";
import type { Clock } from "#lib/clock.ts";
import { errorMessage } from "#lib/log.ts";
import { BackOff } from "./backoff.ts";

/** What the kubelet needs of an image client (registry/client.ts). */
export interface ImageService {
  /** As it was pulled earlier, without asking a registry. */
  local(image: string): Promise<PulledImage | undefined>;
  pull(image: string): Promise<PulledImage>;
}

export type PullPolicy = "Always" | "IfNotPresent" | "Never";

/** Why a container has no image (yet): its waiting reason and message. */
export class ImagePullError extends Error {
  readonly reason: "InvalidImageName" | "ErrImagePull" | "ErrImageNeverPull";
  /** Not before this time; undefined where only a new spec helps. */
  readonly retryAtMs: number | undefined;

  constructor(reason: ImagePullError["reason"], message: string, retryAtMs: number | undefined) {
    super(message);
    this.reason = reason;
    this.retryAtMs = retryAtMs;
  }
}

type Recorder = (type: "Normal" | "Warning", reason: string, message: string) => void;

export class ImagePuller {
  readonly #images: ImageService;
  readonly #clock: Clock;
  readonly #backOff = new BackOff();

  constructor(images: ImageService, clock: Clock) {
    this.#images = images;
    this.#clock = clock;
  }

  /** Resolves to the image; throws an {@link ImagePullError}. */
  async ensure(podUid: string, image: string, policy: PullPolicy, event: Recorder): Promise<PulledImage> {
    let name: string;
    try {
      name = applyDefaultTag(image);
    } catch (error) {
      const message = `Failed to apply default image tag "${image}": ${errorMessage(error)}`;
      event("Warning", "InspectFailed", message);
      throw new ImagePullError("InvalidImageName", message, undefined);
    }
    const present = policy === "Always" ? undefined : await this.#images.local(name);
    if (present) {
      event("Normal", "Pulled", `Container image "${image}" already present on machine`);
      return present;
    }
    if (policy === "Never") {
      const message = `Container image "${image}" is not present with pull policy of Never`;
      event("Warning", "ErrImageNeverPull", message);
      throw new ImagePullError("ErrImageNeverPull", message, this.#clock.now() + 10_000);
    }
    event("Normal", "Pulling", `Pulling image "${image}"`);
    const beganMs = this.#clock.now();
    try {
      const pulled = await this.#images.pull(name);
      const took = `${this.#clock.now() - beganMs}ms`;
      event("Normal", "Pulled", `Successfully pulled image "${image}" in ${took} (${took} including waiting). Image size: ${pulled.sizeBytes} bytes.`);
      this.#backOff.forget(`${podUid}_${image}`);
      return pulled;
    } catch (error) {
      const nowMs = this.#clock.now();
      const key = `${podUid}_${image}`;
      this.#backOff.next(key, nowMs, nowMs);
      event("Warning", "Failed", `Failed to pull image "${image}": ${errorMessage(error)}`);
      throw new ImagePullError("ErrImagePull", errorMessage(error), nowMs + this.#backOff.delayMs(key));
    }
  }

  /** Forgets a pod's failures. */
  forget(podUid: string): void {
    this.#backOff.forget(`${podUid}_`);
  }
}

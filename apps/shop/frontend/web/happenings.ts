import type { Answers, Observation, Pod } from "./answers.ts";
import { h } from "./dom.ts";
import { SERVICES } from "./exchange.ts";
import type { TextKey } from "./i18n.ts";
import { podChip, type Say } from "./service-row.ts";

const KEPT = 8;
/** A pod is silent when it has said nothing for this long (in the text too)... */
const SILENT_MS = 5_000;
/** ...while others of its service gave this many answers. */
const ANSWERS_OF_OTHERS = 12;

interface Happening {
  key: TextKey;
  service: string;
  pod?: Pod;
  time: string;
}

/** Pods of a service that others have answered instead of, for a while. */
export function silentPods(pods: readonly Pod[], observations: readonly { at: number; pod?: string }[], now: number): Pod[] {
  return pods.filter((pod) => pod.lastAt < now - SILENT_MS && observations.filter(({ at, pod: name }) => name !== undefined && at > pod.lastAt).length >= ANSWERS_OF_OTHERS);
}

/** What changed, in words: a rolling update can be read here as well as seen. */
export class Happenings {
  private readonly list: HTMLElement;
  private readonly happenings: Happening[] = [];
  private readonly versions = new Set<string>();
  private readonly silent = new Set<string>();
  /** Services without a pod that answers. */
  private readonly deserted = new Set<string>();
  private rendered = false;

  constructor(list: HTMLElement) {
    this.list = list;
  }

  podAppeared(service: string, pod: Pod): void {
    const version = `${service} ${pod.version}`;
    this.add(this.versions.has(version) ? "firstAnswer" : "newVersion", service, pod);
    this.versions.add(version);
  }

  lookForSilence(answers: Answers, now: number): void {
    for (const service of SERVICES) {
      const recent = answers.recent(service, now);
      this.lookForDesertion(service, recent.at(-1));
      const silent = silentPods(answers.pods(service, now), recent, now);
      for (const pod of silent) {
        if (this.silent.has(`${service} ${pod.name}`)) continue;
        this.silent.add(`${service} ${pod.name}`);
        this.add("silent", service, pod);
      }
    }
  }

  private lookForDesertion(service: string, last: Observation | undefined): void {
    if (!last) return;
    if (last.pod !== undefined) this.deserted.delete(service);
    else if (!this.deserted.has(service)) {
      this.deserted.add(service);
      this.add("nobodyAnswers", service);
    }
  }

  /** Forces the next render: the language changed. */
  redraw(): void {
    this.rendered = false;
  }

  render(say: Say): void {
    if (this.rendered) return;
    this.rendered = true;
    this.list.replaceChildren(
      ...(this.happenings.length === 0
        ? [h("li", { class: "quiet" }, say("happeningsEmpty"))]
        : this.happenings.map(({ key, service, pod, time }) => {
            const [before = "", after = ""] = say(key, { service, pod: "\u0000", version: pod?.version ?? "" }).split("\u0000");
            return h("li", {}, h("time", {}, time), h("span", {}, before, ...(pod ? [podChip(pod.number, pod.version)] : []), after));
          })),
    );
  }

  private add(key: TextKey, service: string, pod?: Pod): void {
    this.happenings.unshift({ key, service, ...(pod && { pod }), time: new Date().toLocaleTimeString([], { hour12: false }) });
    this.happenings.length = Math.min(this.happenings.length, KEPT);
    this.rendered = false;
  }
}

import { type Answers, errorRate, latency, latencyOverTime, type Pod, split, wholePercentages } from "./answers.ts";
import { type Palette, versionSlot } from "./colours.ts";
import { h, setAttribute, setText } from "./dom.ts";
import type { Service } from "./exchange.ts";
import type { TextKey } from "./i18n.ts";
import { drawLanes } from "./lanes.ts";
import { Sparkline } from "./sparkline.ts";

export type Say = (key: TextKey, values?: Record<string, string | number>) => string;

/** One service on the page: how its answers split between versions, its pods' lanes, its response time, its errors. */
export class ServiceRow {
  readonly element: HTMLElement;
  private readonly service: Service;
  private readonly answers: Answers;
  private readonly bar = h("div", { class: "split-bar", role: "img" });
  private readonly numbers = h("ul", { class: "split-numbers" });
  private readonly pods = h("ul", { class: "pods" });
  private readonly canvas = h("canvas", { class: "lanes", role: "img" });
  private readonly sparkline = new Sparkline();
  private readonly p50 = h("strong");
  private readonly p95 = h("span");
  private readonly errors = h("strong", { class: "error-value" });
  private podsShown = "";
  private splitShown = "";

  constructor(service: Service, answers: Answers) {
    this.service = service;
    this.answers = answers;
    this.bar.dataset.testid = `split-bar-${service}`;
    this.numbers.dataset.testid = `split-${service}`;
    this.errors.dataset.testid = `errors-${service}`;
    this.p50.dataset.testid = `p50-${service}`;
    this.pods.dataset.testid = `pods-${service}`;
    this.element = h(
      "section",
      { class: "service", "aria-label": service, "data-testid": `service-${service}` },
      h("div", { class: "service-split" }, h("h3", {}, service), this.bar, this.numbers),
      h("div", { class: "service-lanes" }, this.pods, this.canvas),
      h("div", { class: "service-latency" }, h("div", { class: "latency-numbers" }, this.p50, this.p95), this.sparkline.element),
      h("div", { class: "service-errors" }, this.errors),
    );
  }

  /** The moving part, drawn many times a second. */
  draw(now: number, palette: Palette): void {
    drawLanes(this.canvas, this.answers.pods(this.service, now), this.answers.recent(this.service, now), now, palette);
  }

  /** Numbers and labels, a few times a second. */
  update(now: number, say: Say): void {
    const observations = this.answers.recent(this.service, now);
    const pods = this.answers.pods(this.service, now);
    this.updateSplit(say);
    this.updatePods(pods, observations.some(({ pod }) => pod === undefined), say);

    const overall = latency(observations);
    const p50 = overall ? milliseconds(overall.p50, say) : "–";
    const p95 = overall ? milliseconds(overall.p95, say) : "–";
    setText(this.p50, p50);
    setText(this.p95, p95);
    this.sparkline.draw(latencyOverTime(observations, now, 60));
    setAttribute(this.sparkline.element, "aria-label", say("latencyLabel", { service: this.service, p50, p95 }));

    const rate = errorRate(observations);
    setText(this.errors, rate === undefined ? "–" : percent(rate, say));
    this.errors.classList.toggle("has-errors", (rate ?? 0) > 0);

    const counts = new Map<string, number>();
    for (const { pod } of observations) if (pod !== undefined) counts.set(pod, (counts.get(pod) ?? 0) + 1);
    const lanes = pods.map((pod) => say("lanePod", { number: pod.number, version: pod.version, count: counts.get(pod.name) ?? 0 })).join(", ");
    setAttribute(this.canvas, "aria-label", lanes ? say("lanesLabel", { service: this.service, pods: lanes }) : say("noTraffic"));
  }

  private updateSplit(say: Say): void {
    const now = performance.now();
    const shares = split(this.answers.recent(this.service, now));
    const percentages = wholePercentages(shares.map(({ share }) => share));
    const texts = shares.map(({ version, count }, index) => say("splitShare", { version, percent: percentages[index]!, count }));
    const shown = texts.join() + say("noTraffic");
    if (shown === this.splitShown) return;
    this.splitShown = shown;
    // A segment is kept from one time to the next, so that its width can glide.
    while (this.bar.children.length > shares.length) this.bar.lastElementChild!.remove();
    while (this.bar.children.length < shares.length) this.bar.append(h("div"));
    for (const [index, { version, share }] of shares.entries()) {
      const segment = this.bar.children[index] as HTMLElement;
      setAttribute(segment, "class", `split-segment slot-${versionSlot(version)}`);
      segment.style.flexGrow = String(share);
    }
    setAttribute(this.bar, "aria-label", texts.length > 0 ? say("splitLabel", { service: this.service, shares: texts.join(", ") }) : say("noTraffic"));
    this.numbers.replaceChildren(
      ...(shares.length === 0
        ? [h("li", { class: "quiet" }, say("noTraffic"))]
        : shares.map(({ version, count }, index) =>
            h(
              "li",
              { "data-version": version, "data-count": String(count) },
              h("span", { class: `dot slot-${versionSlot(version)}`, "aria-hidden": "true" }),
              h("b", {}, version),
              ` ${say("percent", { value: percentages[index]! })} `,
              h("span", { class: "quiet" }, String(count)),
            ),
          )),
    );
  }

  private updatePods(pods: readonly Pod[], nobody: boolean, say: Say): void {
    const shown = `${pods.map((pod) => pod.name).join()} ${nobody} ${say("nobody")}`;
    if (shown === this.podsShown) return;
    this.podsShown = shown;
    this.pods.replaceChildren(
      ...pods.map((pod) =>
        h("li", { class: "pod", "data-testid": "pod", "data-pod": pod.name, "data-version": pod.version, title: say("podTitle", { name: pod.name, version: pod.version }) }, podChip(pod.number, pod.version), h("span", { class: "pod-suffix" }, suffixOf(pod.name))),
      ),
      ...(nobody ? [h("li", { class: "pod nobody", "data-testid": "nobody" }, say("nobody"))] : []),
    );
  }
}

/** pod-3 in its version's colour. */
export function podChip(number: number, version: string): HTMLElement {
  return h("span", { class: `chip slot-${versionSlot(version)}` }, h("b", {}, `pod-${number}`), ` ${version}`);
}

/** What tells the pods of a Deployment apart: the last part of their names. */
const suffixOf = (name: string): string => name.split("-").at(-1)!;

export const milliseconds = (ms: number, say: Say): string => say("milliseconds", { value: ms < 10 ? ms.toFixed(1) : String(Math.round(ms)) });

export function percent(share: number, say: Say): string {
  const value = share * 100;
  // A rate that is not zero is never shown as zero.
  return say("percent", { value: value === 0 ? "0" : value < 0.1 ? "<0.1" : value < 10 ? value.toFixed(1) : String(Math.round(value)) });
}

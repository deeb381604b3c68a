import type { Answers } from "./answers.ts";
import { h } from "./dom.ts";
import type { Exchange, Service } from "./exchange.ts";
import { type TextKey } from "./i18n.ts";
import { milliseconds, podChip, type Say } from "./service-row.ts";

const SHOWN_CHARACTERS = 6_000;

/** One exchange, in full: the request, who answered, and the answer. */
export function renderExchange(exchange: Exchange, answers: Answers, say: Say, note: TextKey | undefined): Node[] {
  const { call, answer, ms } = exchange;
  const status = answer ? String(answer.status) : "–";
  const kind = !answer || answer.status >= 500 ? "broken" : answer.status >= 400 ? "refused" : "fine";
  const nodes: Node[] = [
    h(
      "p",
      { class: "request-line" },
      h("span", { class: `status ${kind}`, "data-testid": "answer-status" }, status),
      h("code", {}, `${call.method} ${call.path}`),
      ...(call.body ? [h("code", { class: "quiet" }, JSON.stringify(call.body))] : []),
      ...(call.idempotencyKey !== undefined ? [h("code", { class: "quiet" }, `Idempotency-Key: ${call.idempotencyKey}`)] : []),
    ),
  ];
  if (!answer) {
    nodes.push(h("p", { class: "who" }, say("unreachable", { reason: exchange.failure ?? "" })));
    return nodes;
  }
  const service = (answer.headers.get("x-service") ?? call.service) as Service;
  const who = h("p", { class: "who", "data-testid": "answered-by" });
  who.append(...withPod(say("answeredIn", { pod: "\u0000", service, ms: milliseconds(ms, say) }), answers, service, answer.headers.get("x-pod")));
  if (service !== "api-gateway") {
    who.append(h("span", { class: "quiet" }, " · ", ...withPod(say("through", { pod: "\u0000" }), answers, "api-gateway", answer.headers.get("x-gateway-pod"))));
  }
  const requestId = answer.headers.get("x-request-id");
  if (requestId !== null) who.append(h("span", { class: "quiet request-id" }, say("requestId", { id: requestId })));
  nodes.push(who);
  if (note) nodes.push(h("p", { class: "note" }, say(note)));
  nodes.push(h("pre", { class: "json", tabindex: "0", "data-testid": "answer-body" }, ...highlightJson(pretty(answer.text))));
  return nodes;
}

/** A sentence in which the place marked by a NUL is a pod's chip. */
function withPod(sentence: string, answers: Answers, service: string, name: string | null): (Node | string)[] {
  const pod = name === null ? undefined : answers.pod(service, name);
  const [before = "", after = ""] = sentence.split("\u0000");
  if (!pod) return [before, name ?? "?", after];
  const chip = podChip(pod.number, pod.version);
  chip.title = pod.name;
  return [before, chip, after];
}

function pretty(text: string): string {
  try {
    const json = JSON.stringify(JSON.parse(text), undefined, 2);
    return json.length > SHOWN_CHARACTERS ? `${json.slice(0, SHOWN_CHARACTERS)}\n…` : json;
  } catch {
    return text.slice(0, SHOWN_CHARACTERS);
  }
}

const TOKENS = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?)/g;

/** JSON with its keys, texts and numbers marked. */
function highlightJson(json: string): (Node | string)[] {
  const parts: (Node | string)[] = [];
  let last = 0;
  for (const match of json.matchAll(TOKENS)) {
    const [whole, quoted, colon, word, number] = match;
    parts.push(json.slice(last, match.index));
    if (quoted !== undefined) parts.push(h("span", { class: colon === undefined ? "text" : "key" }, quoted), colon ?? "");
    else parts.push(h("span", { class: number === undefined ? "word" : "number" }, word ?? number!));
    last = match.index + whole.length;
  }
  parts.push(json.slice(last));
  return parts;
}

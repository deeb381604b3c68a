import { renderExchange } from "./answer-panel.ts";
import { ACTIONS, type Action, COMMANDS } from "./actions.ts";
import { Answers, errorRate, latency, type Observation, type Pod, WINDOW_MS } from "./answers.ts";
import { readPalette, versionSlot } from "./colours.ts";
import { byId, h, setText } from "./dom.ts";
import { type Call, type Exchange, exchange, observationsOf, SERVICES } from "./exchange.ts";
import { Happenings } from "./happenings.ts";
import { isTextKey, type Language, preferredLanguage, text, type TextKey } from "./i18n.ts";
import { milliseconds, percent, type Say, ServiceRow } from "./service-row.ts";
import { steadyCalls, SteadyTraffic } from "./traffic.ts";

const DRAW_EVERY_MS = 33;
const UPDATE_EVERY_MS = 400;
const LANGUAGE_KEY = "language";

const answers = new Answers();
const rows = SERVICES.map((service) => new ServiceRow(service, answers));
const happenings = new Happenings(byId("happenings"));
const pageVersion = document.documentElement.dataset.version!;
let language: Language = storedLanguage() ?? preferredLanguage(navigator.languages);
let palette = readPalette();
let shown: { exchange: Exchange; note: TextKey | undefined } | undefined;
let lastAnswerAt = Number.NEGATIVE_INFINITY;

const say: Say = (key, values) => text(language, key, values);
const newKey = (): string => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`; // randomUUID is for secure origins only

/** Sends a call and takes down who answered. */
async function send(call: Call): Promise<Exchange> {
  const result = await exchange(call);
  const now = performance.now();
  for (const observation of observationsOf(result, now)) take(observation);
  lastAnswerAt = now;
  wake();
  return result;
}

function take(observation: Observation): void {
  const pod = answers.record(observation);
  if (pod) firstSeen(observation.service, pod);
}

function firstSeen(service: string, pod: Pod): void {
  happenings.podAppeared(service, pod);
  // The page in the browser stays as it is until someone loads the new one.
  if (service === "frontend" && pod.version !== pageVersion) {
    byId("new-page").hidden = false;
    byId("new-page").dataset.newVersion = pod.version;
    localizeNewPage();
  }
}

const steady = new SteadyTraffic(steadyCalls(newKey), async (call) => {
  await send(call);
});

// --- drawing: only while something moves ---

let frame: number | undefined;
let drawnAt = 0;
let updatedAt = 0;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

function wake(): void {
  frame ??= requestAnimationFrame(tick);
}

function tick(): void {
  frame = undefined;
  const now = performance.now();
  if (now - drawnAt >= (calm.matches ? 1_000 : DRAW_EVERY_MS)) {
    drawnAt = now;
    for (const row of rows) row.draw(now, palette);
  }
  if (now - updatedAt >= UPDATE_EVERY_MS) {
    updatedAt = now;
    updateNumbers(now);
  }
  if (steady.on || now - lastAnswerAt < WINDOW_MS + 1_000) wake();
}

function updateNumbers(now: number): void {
  for (const row of rows) row.update(now, say);
  // Every answer came through the gateway: its observations are all there were.
  const all = answers.recent("api-gateway", now);
  const failed = SERVICES.filter((service) => service !== "api-gateway").flatMap((service) => answers.recent(service, now)).filter(({ error }) => error).length;
  const overall = latency(all);
  const rate = errorRate(all) === undefined ? undefined : Math.min(failed / all.length, 1);
  setText(byId("tile-answers"), String(all.length));
  setText(byId("tile-p50"), overall ? milliseconds(overall.p50, say) : "–");
  setText(byId("tile-p95"), overall ? milliseconds(overall.p95, say) : "–");
  setText(byId("tile-errors"), rate === undefined ? "–" : percent(rate, say));
  setText(byId("tile-errors-of"), say("errorUnit", { count: failed, total: all.length }));
  byId("tile-errors").classList.toggle("has-errors", failed > 0);
  happenings.lookForSilence(answers, now);
  happenings.render(say);
}

// --- controls ---

const toggle = byId<HTMLButtonElement>("steady");
const rate = byId<HTMLInputElement>("rate");

toggle.addEventListener("click", () => {
  if (steady.on) steady.stop();
  else steady.start();
  toggle.setAttribute("aria-checked", String(steady.on));
  wake();
});
rate.addEventListener("input", () => {
  steady.perSecond = Number(rate.value);
  localizeRate();
});

async function run(action: Action, button: HTMLButtonElement): Promise<void> {
  button.disabled = true;
  byId("answer").setAttribute("aria-busy", "true");
  let last: Exchange | undefined;
  for (const call of action.calls(newKey)) last = await send(call);
  shown = { exchange: last!, note: action.note?.(last!) };
  renderShown();
  button.disabled = false;
  button.focus({ preventScroll: true });
}

function renderShown(): void {
  const panel = byId("answer");
  panel.removeAttribute("aria-busy");
  panel.replaceChildren(...(shown ? renderExchange(shown.exchange, answers, say, shown.note) : [h("p", { class: "quiet" }, say("answerEmpty"))]));
}

const buttons = ACTIONS.map((action) => {
  const button = h("button", { type: "button", class: `call ${action.group}`, "data-testid": `call-${action.id}` });
  button.addEventListener("click", () => void run(action, button));
  byId(`actions-${action.group}`).append(button);
  return { action, button };
});

const commands = COMMANDS.map(({ label, command }) => {
  const heading = h("span", { class: "command-label" });
  const copy = h("button", { type: "button", class: "copy" });
  copy.addEventListener("click", () => {
    void navigator.clipboard.writeText(command).then(() => {
      setText(copy, say("copied"));
      setTimeout(() => setText(copy, say("copy")), 1_500);
    });
  });
  // Without a secure origin there is no clipboard: the command can still be selected.
  copy.hidden = !navigator.clipboard;
  byId("commands").append(h("li", {}, heading, h("div", { class: "command" }, h("code", {}, ...command.split(" ").flatMap((word) => [h("span", {}, word), " "])), copy)));
  return { label, heading, copy };
});

// --- languages ---

function localizeRate(): void {
  setText(byId("rate-value"), say("perSecond", { count: rate.value }));
  rate.setAttribute("aria-valuetext", say("perSecond", { count: rate.value }));
}

function localizeNewPage(): void {
  const version = byId("new-page").dataset.newVersion;
  if (version !== undefined) setText(byId("new-page-text"), say("newPage", { version }));
}

function localize(): void {
  document.documentElement.lang = language;
  document.title = say("title");
  for (const element of document.querySelectorAll<HTMLElement>("[data-text]")) {
    const key = element.dataset.text!;
    if (isTextKey(key)) setText(element, say(key));
  }
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-language]")) button.setAttribute("aria-pressed", String(button.dataset.language === language));
  byId("languages").setAttribute("aria-label", say("language"));
  rate.setAttribute("aria-label", say("rate"));
  for (const { action, button } of buttons) setText(button, say(action.label));
  for (const { label, heading, copy } of commands) {
    setText(heading, say(label));
    setText(copy, say("copy"));
  }
  localizeRate();
  localizeNewPage();
  renderShown();
  happenings.redraw();
  updateNumbers(performance.now());
}

function storedLanguage(): Language | undefined {
  const stored = localStorage.getItem(LANGUAGE_KEY);
  return stored === "en" || stored === "ko" ? stored : undefined;
}

for (const button of document.querySelectorAll<HTMLButtonElement>("[data-language]")) {
  button.addEventListener("click", () => {
    language = button.dataset.language as Language;
    localStorage.setItem(LANGUAGE_KEY, language);
    localize();
  });
}

// --- beginning ---

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  palette = readPalette();
  wake();
});
addEventListener("resize", wake);
byId("reload").addEventListener("click", () => {
  // From its top: the new page's banner would be scrolled out of sight.
  history.scrollRestoration = "manual";
  location.reload();
});
byId("services").append(...rows.map((row) => row.element));
byId("page-version").append(h("span", { class: `chip slot-${versionSlot(pageVersion)}` }, pageVersion));
localize();
// One look at every service, so that the page does not begin empty.
for (const call of [
  { service: "frontend", method: "HEAD", path: "/" },
  { service: "inventory-service", method: "GET", path: "/api/products" },
  { service: "user-service", method: "GET", path: "/api/users?limit=5" },
  { service: "order-service", method: "GET", path: "/api/orders?limit=5" },
] as const) {
  void send(call);
}

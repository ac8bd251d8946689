// The Conversation tab: a trace as a transcript that folds. What was said becomes text nodes only; nothing is fetched
// from elsewhere. Folds that the reader opened or closed stay so when the trace goes on.
import { copyText } from "../behaviours/copy.js";
import { clock, count, duration, money } from "../format.js";
import { part, table } from "../span/messages.js";
import { el, icon, kindIcon } from "../waterfall/dom.js";
import { ask } from "../waterfall/source.js";
import { asText, errorText, inShort, whoOf } from "./text.js";

const MORE = 200;           // calls asked for at once
const MOST = 1000;          // the server reads no more

/** Shows a trace's conversation in `panel`, whose data-url is the API's; load() again when the trace may have changed. */
export class Transcript {
  constructor(panel) {
    this.panel = panel;
    this.calls = MORE;
    this.shown = "";        // of which state what is shown is
    this.folds = new Map(); // key → open, as the reader chose
    panel.addEventListener("toggle", (event) => this.#toggled(event), { capture: true });
  }

  async load() {
    const told = await ask(`${this.panel.dataset.url}&calls=${this.calls}`);
    const state = `${told.seq} ${told.status} ${told.calls}`;
    if (state === this.shown) return;
    this.shown = state;
    this.told = told;
    this.#draw();
  }

  #draw() {
    const { told, panel } = this;
    const top = panel.scrollTop;
    this.drawing = true;
    this.keys = new Map();  // key → how often it was given
    panel.replaceChildren(...(told.entries.length ? [this.#head(), el("div", { class: "transcript" }, ...this.#all(told.entries, true)), this.#foot()] : [nothing(told)]));
    panel.scrollTop = top;
    requestAnimationFrame(() => { this.drawing = false; });
  }

  #head() {
    const { told } = this;
    const word = el("span", { "aria-live": "polite" }, "Copy as text");
    const copy = el("button", { class: "button", type: "button", "data-size": "s" }, icon("copy"), word);
    copy.addEventListener("click", async () => {
      word.textContent = (await copyText(asText(told))) ? "Copied" : "Not allowed here";
      window.setTimeout(() => { word.textContent = "Copy as text"; }, 1600);
    });
    const save = el("button", { class: "button", type: "button", "data-size": "s" }, icon("download"), "Download");
    save.addEventListener("click", () => download(asText(told), `${told.trace_id}.md`));
    return el("p", { class: "line transcript-head" },
      el("span", { class: "dim" }, calls(told)),
      told.unread_spans ? el("span", { class: "dim" }, `without ${count(told.unread_spans)} ${told.unread_spans === 1 ? "span" : "spans"}: no longer kept, or too much to read`) : null,
      el("span", { class: "spread line" }, copy, save));
  }

  #foot() {
    const { told } = this;
    if (!told.truncated) return "";
    if (this.calls >= MOST || told.calls < this.calls) return el("p", { class: "panel-foot" }, "The rest of this trace is in the waterfall.");
    const more = el("button", { class: "button", type: "button", "data-size": "s" }, `Show ${count(Math.min(MORE, told.all_calls - told.calls))} more calls`);
    more.addEventListener("click", async () => {
      more.disabled = true;
      this.calls = Math.min(MOST, this.calls + MORE);
      await this.load().catch(() => { more.disabled = false; this.calls -= MORE; });
    });
    return el("p", { class: "panel-foot" }, more);
  }

  #toggled(event) {
    const { key } = event.target.dataset;
    if (key && !this.drawing) this.folds.set(key, event.target.open);
  }

  #fold(key, attributes, open, ...children) {
    return el("details", { ...attributes, "data-key": key, open: this.folds.get(key) ?? open }, ...children);
  }

  #all(entries, top = false) {
    return entries.map((entry) => this.#one(entry, this.#keyOf(entry), top));
  }

  // The same for an entry wherever it stands: an agent's section may come around it later.
  #keyOf(entry) {
    const key = `${entry.type} ${entry.span_id ?? entry.entries?.[0]?.span_id} ${entry.role ?? entry.name ?? ""}`;
    const times = this.keys.get(key) ?? 0;
    this.keys.set(key, times + 1);
    return `${key} ${times}`;
  }

  #one(entry, key, top) {
    switch (entry.type) {
      case "tool": return this.#tool(entry, key);
      case "agent": return this.#agent(entry, key, top);
      case "failure": return el("p", { class: "said-failure" }, icon("s-error"), el("span", { dir: "auto" }, el("b", {}, "The model call failed. "), errorText(entry.error)), spanLink(entry));
      case "earlier": return this.#fold(key, { class: "said-earlier" }, false, el("summary", {}, icon("clock"), `${count(entry.entries.length)} earlier ${entry.entries.length === 1 ? "message" : "messages"}`), el("div", { class: "transcript" }, ...this.#all(entry.entries)));
      default: return this.#message(entry, key);
    }
  }

  #message(entry, key) {
    const said = entry.parts.flatMap((given) => [part(given, entry.role), given.cut ? el("p", { class: "dim" }, `Cut: it has ${count(given.cut)} characters.`) : null]);
    if (entry.role === "system" || entry.role === "developer") {
      return this.#fold(key, { class: "message", "data-role": "system" }, false, el("summary", {}, "System prompt", el("span", { class: "dim cut", dir: "auto" }, inShort(entry.parts.map((given) => given.text ?? "").join(" ")))), ...said);
    }
    const odd = entry.finish_reason && !/^(stop|end_turn|tool_calls?|tool_use|tool-calls)$/i.test(entry.finish_reason);
    return el("section", { class: "message", "data-role": entry.role },
      el("h3", {}, whoOf(entry), entry.model ? el("span", { class: "dim cut" }, entry.model) : null, odd ? el("span", { class: "chip", "data-state": "warn" }, `finished: ${entry.finish_reason}`) : null, el("span", { class: "spread line" }, time(entry), spanLink(entry))), ...said);
  }

  #tool(entry, key) {
    const state = entry.error || entry.status === "error" ? "error" : entry.status === "waiting" ? "waiting" : null;
    return this.#fold(key, { class: "said-tool", "data-state": state }, false,
      el("summary", {}, kindIcon(entry.kind), el("b", { class: "cut", dir: "auto" }, entry.name ?? "tool"),
        el("span", { class: "dim cut", dir: "auto" }, entry.arguments === null ? "" : inShort(entry.arguments)),
        el("span", { class: "said-result cut", dir: "auto" }, state ? el("span", { class: "status", "data-state": state }, icon(`s-${state}`), state === "error" ? entry.error?.type ?? "Error" : "Waiting") : entry.answered ? `→ ${inShort(entry.result)}` : "no result"),
        el("span", { class: "spread dim" }, entry.duration_ms === null ? "" : duration(entry.duration_ms))),
      el("div", { class: "said-inside" },
        el("h3", {}, "Arguments", el("span", { class: "spread" }, spanLink(entry))), entry.arguments === null ? el("p", { class: "dim" }, "Not recorded") : table(entry.arguments),
        el("h3", {}, "Result"), entry.answered ? table(entry.result ?? "") : el("p", { class: "dim" }, entry.error ? "None: it failed" : "Not recorded"),
        entry.error ? el("p", { class: "is-bad", dir: "auto" }, errorText(entry.error)) : null));
  }

  #agent(entry, key, top) {
    const tokens = entry.input_tokens === null && entry.output_tokens === null ? null : `${count(entry.input_tokens)} in, ${count(entry.output_tokens)} out`;
    const facts = [entry.calls ? `${count(entry.calls)} ${entry.calls === 1 ? "call" : "calls"}` : null, tokens, entry.cost_usd ? money(entry.cost_usd) : null, entry.duration_ms === null ? "running" : duration(entry.duration_ms)];
    return this.#fold(key, { class: "said-agent" }, top,
      el("summary", {}, kindIcon("agent"), el("b", { class: "cut", dir: "auto" }, entry.agent), entry.status === "error" ? el("span", { class: "status", "data-state": "error" }, icon("s-error"), entry.error?.type ?? "Error") : null,
        el("span", { class: "spread dim cut" }, facts.filter(Boolean).join(" · ")), spanLink(entry)),
      el("div", { class: "transcript" }, ...(entry.entries.length ? this.#all(entry.entries) : [el("p", { class: "dim" }, "What it said was not recorded.")]),
        entry.error ? el("p", { class: "said-failure" }, icon("s-error"), el("span", { dir: "auto" }, el("b", {}, "The agent failed. "), errorText(entry.error))) : null));
  }
}

function calls(told) {
  if (told.calls < told.all_calls) return `The first ${count(told.calls)} of ${count(told.all_calls)} model calls`;
  return `${count(told.calls)} model ${told.calls === 1 ? "call" : "calls"}${told.status === "running" ? ", still running" : ""}`;
}

function time(entry) {
  return el("span", { class: "dim no-phone" }, clock(new Date(Number(BigInt(entry.at_ns) / 1_000_000n)), "time"));
}

function spanLink(entry) {
  if (!entry.span_id) return null;
  return el("a", { class: "said-link", href: `?span=${entry.span_id}`, title: "Show the span", "aria-label": "Show the span" }, icon("traces"));
}

function nothing(told) {
  const kept = told.unread_spans === 0;
  return el("div", { class: "empty-small" },
    el("p", {}, el("b", {}, kept ? "Nothing that was said is recorded" : "What was said is no longer kept")),
    el("p", { class: "dim" }, kept ? "Its spans carry no messages. With OpenTelemetry's GenAI instrumentations this records them:" : "Its spans are older than the time that whole spans are kept for; the waterfall still has their outline."),
    kept ? el("div", { class: "snippet", "data-behaviour": "copy" }, el("pre", { class: "code", tabindex: 0, "data-copy": true }, "export OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true"), el("button", { class: "button", type: "button", "data-size": "s", "data-copy-button": true }, icon("copy"), el("span", { "aria-live": "polite" }, "Copy"))) : null);
}

function download(text, name) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/markdown" }));
  el("a", { href: address, download: name }).click();
  window.setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

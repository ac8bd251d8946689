// The panel beside the waterfall: what one span is, and on opening it everything its sender said.
import { el, icon, kindIcon, on } from "../waterfall/dom.js";
import { inWords, kindOf, nameOf } from "../waterfall/words.js";
import { SPAN, keyOf } from "../waterfall/tree.js";
import { cost } from "./cost.js";
import { mapping, mappingCount } from "./mapping.js";
import { countOf, messages } from "./messages.js";
import { attributes, events, exceptions, exceptionsOf, facts, links, raw, resource } from "./sections.js";

const TABS = [
  { key: "messages", word: "Messages", count: countOf, show: (whole) => messages(whole) },
  { key: "exception", word: "Exception", count: (whole) => exceptionsOf(whole).length || (whole.error ? 1 : 0), mark: false, show: exceptions },
  { key: "cost", word: "Cost", count: (whole) => (whole.pricing ? 1 : 0), mark: false, show: cost },
  { key: "attributes", word: "Attributes", count: (whole) => Object.keys(whole.attributes ?? {}).length, always: true, show: (whole, about) => [facts(whole), attributes(whole, about)] },
  { key: "mapping", word: "Mapping", count: mappingCount, mark: false, show: mapping },
  { key: "events", word: "Events", count: (whole) => whole.events?.length ?? 0, show: events },
  { key: "links", word: "Links", count: (whole) => whole.links?.length ?? 0, show: links },
  { key: "resource", word: "Resource", always: true, show: resource },
  { key: "raw", word: "Raw", always: true, show: raw },
];
const STATUS = { 1: ["ok", "OK"], 2: ["error", "Error"], 3: ["waiting", "Waiting"], 4: ["none", "Cancelled"] };

export class Panel {
  /** `load(spanId, signal)` answers the whole span; `about` is { tracesUrl, traceId }; `acts` are { zoom, close }. */
  constructor(host, { load, about, acts }) {
    Object.assign(this, { host, load, about, acts });
    this.chosen = null;             // the tab the reader chose; else the first that has something
    this.key = null;
    this.aborter = null;
    this.stops = [on(host, "click", (event) => this.#click(event)), on(host, "keydown", (event) => this.#press(event))];
  }

  get open() {
    return !this.host.hidden;
  }

  /** Show a node; `fresh`: what is known of it may have changed. */
  async show(tree, node, ms, { fresh = false } = {}) {
    const key = keyOf(tree, node);
    const same = this.key === key && this.open;
    this.key = key;
    this.host.hidden = false;
    this.#head(tree, node, ms);
    if (same && !fresh) return;
    if (tree.type[node] !== SPAN) {
      this.aborter?.abort();
      this.whole = null;
      this.tabs.replaceChildren();
      this.body.replaceChildren();
      return;
    }
    await this.#fetch(key, { quiet: same });
  }

  close() {
    this.aborter?.abort();
    this.host.hidden = true;
    this.key = null;
  }

  detach() {
    this.close();
    for (const stop of this.stops) stop();
  }

  #head(tree, node, ms) {
    const state = tree.type[node] !== SPAN ? null : tree.open[node] ? ["running", Number.isNaN(tree.end[node]) ? "Running" : "Not ended"] : STATUS[tree.spans.status[node]];
    const name = nameOf(tree, node);
    if (!this.body) this.#build();
    this.top.replaceChildren(...[
      kindIcon(kindOf(tree, node)),
      el("h2", { class: "cut", title: name, dir: "auto" }, name),
      state ? el("span", { class: "status", "data-state": state[0] }, icon(`s-${state[0]}`), state[1]) : null,
      el("span", { class: "spread line" },
        el("button", { class: "button no-phone", type: "button", "data-size": "s", "data-look": "quiet", "data-panel-act": "zoom" }, "Zoom ", el("kbd", { class: "kbd" }, "z")),
        el("button", { class: "button", type: "button", "data-icon": true, "data-size": "s", "data-look": "quiet", "data-panel-act": "close", "aria-label": "Close" }, icon("x"))),
    ].filter(Boolean));
    this.words.textContent = inWords(tree, node, ms);
  }

  #build() {
    this.top = el("div", { class: "line" });
    this.words = el("p", { class: "in-words", dir: "auto" });
    this.tabs = el("div", { class: "tabs", role: "tablist", "aria-label": "Parts of the span" });
    this.body = el("div", { class: "span-panel-body", role: "tabpanel", tabindex: 0 });
    this.host.replaceChildren(el("header", {}, this.top, this.words, this.tabs), this.body);
  }

  async #fetch(key, { quiet }) {
    this.aborter?.abort();
    this.aborter = new AbortController();
    const { signal } = this.aborter;
    if (!quiet) this.#loading();
    try {
      const whole = await this.load(key, signal);
      if (signal.aborted) return;
      this.whole = whole;
      this.#showTabs();
    } catch (error) {
      if (signal.aborted) return;
      this.#failed(error, key);
    }
  }

  #loading() {
    this.whole = null;
    this.tabs.replaceChildren(el("span", { class: "tab dim" }, "Loading…"));
    this.body.replaceChildren(...["80", "60", "70", "50"].map((width) => el("span", { class: "bone", "data-w": width })));
    this.body.setAttribute("aria-busy", "true");
  }

  #failed(error, key) {
    this.body.removeAttribute("aria-busy");
    this.tabs.replaceChildren();
    const retry = el("button", { class: "button", type: "button", "data-size": "s" }, icon("retry"), "Try again");
    retry.addEventListener("click", () => this.#fetch(key, { quiet: false }));
    this.body.replaceChildren(el("div", { class: "note", "data-state": "bad", role: "alert" }, icon("s-error"),
      el("div", {}, el("p", {}, el("b", {}, "The span could not be loaded.")), el("p", { class: "dim" }, error.message), el("p", { class: "line" }, retry))));
  }

  #showTabs() {
    this.body.removeAttribute("aria-busy");
    const shown = TABS.filter((tab) => tab.always || tab.count(this.whole));
    const chosen = shown.find((tab) => tab.key === this.chosen) ?? shown[0];
    this.tabs.replaceChildren(...shown.map((tab) => el("button", {
      class: "tab", type: "button", role: "tab", "data-tab": tab.key, "aria-selected": String(tab === chosen), tabindex: tab === chosen ? 0 : -1,
    }, tab.word, tab.count && tab.mark !== false ? el("span", { class: "unit" }, ` ${tab.count(this.whole)}`) : null)));
    const shownParts = chosen.show(this.whole, { ...this.about, startNs: BigInt(this.whole.start_ns) });
    this.body.replaceChildren(...[shownParts].flat());
  }

  #click(event) {
    const tab = event.target.closest("[data-tab]");
    if (tab) this.#choose(tab.dataset.tab);
    const act = event.target.closest("[data-panel-act]");
    if (act) this.acts[act.dataset.panelAct]();
  }

  #press(event) {
    const tab = event.target.closest("[data-tab]");
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!tab || !by) return;
    const tabs = [...this.tabs.querySelectorAll("[data-tab]")];
    this.#choose(tabs[(tabs.indexOf(tab) + by + tabs.length) % tabs.length].dataset.tab);
    this.tabs.querySelector('[aria-selected="true"]').focus();
    event.preventDefault();
    event.stopPropagation();
  }

  #choose(key) {
    this.chosen = key;
    this.#showTabs();
    this.body.scrollTop = 0;
  }
}

// One trace: loads its spans, shows them as a waterfall with a panel beside it, follows live updates and keeps what is
// looked at in the address (?span=, ?find=).
import { count } from "../format.js";
import { Panel } from "../span/panel.js";
import { actsOf } from "../waterfall/acts.js";
import { timeByKind } from "../waterfall/critical.js";
import { el, icon, on } from "../waterfall/dom.js";
import { actionOf } from "../waterfall/keys.js";
import { attachPointer } from "../waterfall/pointer.js";
import { Source, ask } from "../waterfall/source.js";
import { drawSplit } from "../waterfall/split.js";
import { View } from "../waterfall/view.js";
import { nodeOf } from "../waterfall/tree.js";

const FOLLOW_MS = 150;      // the panel follows the arrows when they rest
const TYPING = "input, textarea, select, [contenteditable]";

export function attach(page) {
  const shell = new Shell(page);
  shell.start();
  return () => shell.detach();
}

class Shell {
  constructor(page) {
    this.page = page;
    this.place = page.querySelector("[data-waterfall]");
    this.find = page.querySelector("[data-find]");
    this.said = page.querySelector("[data-find-said]");
    const { skeletonUrl, spanUrl, tracesUrl, traceId, serverNow, lastSeen } = page.dataset;
    this.source = new Source({
      url: skeletonUrl, serverNow: Number(serverNow), lastSeen: Number(lastSeen),
      changed: (spans, answer) => this.#changed(spans, answer), failed: () => {},
    });
    this.panel = new Panel(page.querySelector("[data-panel]"), {
      load: (id, signal) => ask(spanUrl.replace("0000000000000000", id), signal), about: { tracesUrl, traceId },
      acts: { zoom: () => this.acts.zoom(), close: () => this.closePanel() },
    });
    this.stops = [];
  }

  async start() {
    try {
      await this.source.start();
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.stops.push(
      on(document, "keydown", (event) => this.#press(event), { capture: true }),
      on(this.page, "click", (event) => this.#click(event)),
      on(this.find, "input", () => this.search(this.find.value)),
      on(window, "popstate", () => this.#restore()),
    );
  }

  detach() {
    this.source.stop();
    this.panel.detach();
    this.stops.forEach((stop) => stop());
    this.view?.detach();
  }

  search(text) {
    this.view.find(text);
    this.told();
    remember("find", text);
  }

  /** Say how many spans were found and which of them is chosen. */
  told() {
    const { found, find, selected } = this.view.state;
    const at = found.indexOf(selected);
    this.said.textContent = !find.trim() ? "" : !found.length ? "none" : at < 0 ? count(found.length) : `${at + 1} of ${count(found.length)}`;
  }

  /** A node was chosen with keys: the address follows, and the panel if it is open. */
  chosen(node) {
    remember("span", this.view.state.selectedKey);
    window.clearTimeout(this.following);
    if (this.panel.open) this.following = window.setTimeout(() => this.#showPanel(node), FOLLOW_MS);
  }

  openPanel() {
    this.#showPanel(this.view.state.selected);
  }

  closePanel() {
    if (!this.panel.open) return;
    window.clearTimeout(this.following);
    this.panel.close();
    this.view.scroller.focus({ preventScroll: true });
  }

  toggle(name) {
    const button = this.page.querySelector(`[data-tool="${name}"]`);
    if (button.hidden) return;
    const pressed = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(pressed));
    if (name === "critical") this.view.setCritical(pressed);
    else this.view.setSqueeze(pressed);
  }

  #showPanel(node, options) {
    this.panel.show(this.view.state.tree, node, this.view.msOf(node), options);
  }

  #changed(spans, answer) {
    const first = !this.view;
    const running = answer.status === "running" || (answer.status === "waiting" && spans.awaitsPerson());
    if (first) this.#build();
    const before = this.view.spans ? this.view.state.selectedKey : null;
    this.view.follow(spans, { running });
    this.#describe(answer);
    if (first) this.#restore();
    else if (before !== null && this.panel.open) this.#showPanel(nodeOf(this.view.state.tree, before), { fresh: true });
  }

  #build() {
    this.place.replaceChildren();
    this.place.removeAttribute("aria-busy");
    this.view = new View(this.place, { now: () => this.source.now() });
    this.acts = actsOf(this);
    this.stops.push(attachPointer(this.view, { choose: (node) => this.#choose(node) }));
  }

  #choose(node) {
    this.view.select(node, { reveal: false });
    this.view.scroller.focus({ preventScroll: true });
    remember("span", this.view.state.selectedKey);
    this.told();
    this.#showPanel(node);
  }

  #describe(answer) {
    const { view } = this;
    const growing = view.growing ? ", some still growing" : "";
    const cut = answer.truncated ? ", the first of more" : "";
    view.treeHead.replaceChildren(el("span", {}, `${count(view.spans.size)} ${view.spans.size === 1 ? "span" : "spans"}${growing}${cut}`));
    this.page.querySelector('[data-tool="squeeze"]').hidden = !view.axis.waits.length;
    const split = this.page.querySelector("[data-split]");
    const parts = timeByKind(view.state.tree, view.critical);
    split.hidden = !parts.length;
    if (parts.length) drawSplit(split, parts);
  }

  // What the address says: which span is chosen, what is looked for.
  #restore() {
    const wanted = new URLSearchParams(location.search);
    this.find.value = wanted.get("find") ?? "";
    this.view.find(this.find.value);
    const node = wanted.has("span") ? nodeOf(this.view.state.tree, wanted.get("span")) : -1;
    if (node >= 0) {
      this.view.select(node);
      this.#showPanel(node);
    } else this.panel.close();
    this.told();
  }

  #press(event) {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]") || this.place.closest("[hidden]")) return;
    const target = event.target instanceof Element ? event.target : document.body;
    const where = target === this.find ? "find" : target.closest(TYPING) ? "typing" : target === document.body || target.closest("[data-waterfall]") || target === this.page.closest("main") ? "tree" : "page";
    const act = this.view ? actionOf(event, where) : null;
    if (!act || target.closest(".tree-resizer")) return;
    if (act === "close" && !this.panel.open) return;
    event.preventDefault();
    event.stopPropagation();
    this.acts[act]();
  }

  #click(event) {
    const tool = event.target.closest("[data-tool]");
    if (tool && this.view) this.acts[tool.dataset.tool]();
  }

  #failed(error) {
    const retry = el("button", { class: "button", type: "button", "data-size": "s", onclick: () => location.reload() }, icon("retry"), "Try again");
    this.place.removeAttribute("aria-busy");
    this.place.replaceChildren(el("div", { class: "failed" }, el("div", { class: "note", "data-state": "bad", role: "alert" }, icon("s-error"),
      el("div", {}, el("p", {}, el("b", {}, "The spans could not be loaded.")), el("p", { class: "dim" }, error.message), el("p", { class: "line" }, retry)))));
  }
}

function remember(name, value) {
  const url = new URL(location.href);
  if (value) url.searchParams.set(name, value);
  else url.searchParams.delete(name);
  history.replaceState(history.state, "", url);
}

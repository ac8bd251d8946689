// The waterfall on the page: puts tree, axis, rows, ruler and minimap together, and draws at most once a frame.
import { Axis } from "./axis.js";
import { criticalPath } from "./critical.js";
import { el, on, set, svg } from "./dom.js";
import { ROW, levelsOf } from "./layout.js";
import { Minimap } from "./minimap.js";
import { Rows } from "./rows.js";
import { drawRuler } from "./ruler.js";
import { endAt, ownTime } from "./scale.js";
import { State } from "./state.js";

const GROW_MS = 100;        // between drawings while spans grow, at the least

export class View {
  constructor(host, { now }) {
    this.now = now;                     // () → t of the present
    this.state = new State();
    this.axis = new Axis();
    this.showsCritical = true;
    this.dirty = { rows: false, lanes: false, spans: false };
    this.#build(host);
    this.frame = 0;
    this.drawn = 0;
    this.stops = [
      on(this.scroller, "scroll", () => this.#schedule(), { passive: true }),
    ];
    this.sizes = new ResizeObserver(() => this.resized());
    this.sizes.observe(this.scroller);
  }

  /** Take in the spans as they are now, keeping what the reader looks at where it is. */
  follow(spans, { running }) {
    const anchor = this.#anchor();
    this.spans = spans;
    this.state.follow(spans, { running });
    this.#measure();
    this.#keep(anchor);
    this.#schedule("spans");
  }

  select(node, { reveal = true } = {}) {
    this.state.select(node);
    if (node >= 0) {
      const before = this.state.rows.length;
      this.state.uncover(node);
      if (this.state.rows.length !== before) this.#schedule("rows");
      if (reveal) this.rows.reveal(this.state.placeOf(node));
    }
    this.#schedule("rows");
  }

  fold(node, folded) {
    this.state.fold(node, folded);
    this.#schedule("rows");
  }

  find(text) {
    this.state.search(text);
    this.#schedule("rows");
  }

  setCritical(shown) {
    this.showsCritical = shown;
    this.#schedule("lanes");
  }

  setSqueeze(squeezes) {
    this.axis.setSqueeze(squeezes);
    this.#schedule("spans");
  }

  fit() {
    this.axis.fit();
    this.#schedule("lanes");
  }

  zoomTo(node) {
    this.axis.showTimes(this.state.tree.start[node], endAt(this.state.tree, node, this.at));
    this.#schedule("lanes");
  }

  zoom(factor, x = this.axis.width / 2) {
    this.axis.zoom(factor, x);
    this.#schedule("lanes");
  }

  pan(pixels) {
    this.axis.pan(pixels);
    this.#schedule("lanes");
  }

  resized() {
    const width = this.scroller.clientWidth - this.treeWidth();
    this.root.style.setProperty("--w-bar", `${this.scroller.offsetWidth - this.scroller.clientWidth}px`);
    this.levels = levelsOf(this.treeWidth());
    this.axis.resize(Math.max(40, width));
    this.#schedule("spans");
  }

  treeWidth() {
    return this.treeHead.offsetWidth;
  }

  /** ms that a node took so far. */
  msOf(node) {
    return endAt(this.state.tree, node, this.at) - this.state.tree.start[node];
  }

  detach() {
    cancelAnimationFrame(this.frame);
    this.sizes.disconnect();
    for (const stop of this.stops) stop();
    this.minimap.detach();
    this.root.remove();
  }

  #build(host) {
    this.treeHead = el("div", { class: "tree-head" });
    this.ruler = svg("svg", { class: "ruler", height: 24, "aria-hidden": "true" });
    this.grid = svg("svg", { class: "span-grid", "aria-hidden": "true" });
    this.scroller = el("div", { class: "waterfall-scroll", role: "treegrid", tabindex: 0, "aria-label": "Spans", "aria-readonly": "true" });
    const mini = el("div", { class: "mini" });
    this.body = el("div", { class: "waterfall-body" }, this.grid, this.scroller);
    this.root = el("div", { class: "waterfall" }, el("div", { class: "waterfall-top" }, this.treeHead, mini), this.body);
    host.append(this.root);
    this.minimap = new Minimap(mini, { axis: this.axis, changed: () => this.#schedule("lanes") });
    mini.append(this.ruler);
    this.rows = new Rows(this.scroller);
  }

  // Takes the present; what depends on it is worked out anew, the less often the longer that takes.
  #measure() {
    const begun = performance.now();
    this.at = this.now();
    this.axis.follow(this.state.tree, this.at);
    this.growing = this.axis.growing;
    this.critical = criticalPath(this.state.tree, this.at);
    this.ownTimes = new Map();
    this.rest = Math.max(GROW_MS, (performance.now() - begun) * 10);
  }

  #frameOf() {
    return {
      width: this.axis.width, levels: this.levels, now: this.at, x: (t) => this.axis.x(t),
      critical: this.showsCritical ? this.critical.own : null,
      own: (node) => {
        if (!this.ownTimes.has(node)) this.ownTimes.set(node, ownTime(this.state.tree, node, this.at));
        return this.ownTimes.get(node);
      },
    };
  }

  #schedule(what) {
    if (what) this.dirty[what] = true;
    if (!this.frame) this.frame = requestAnimationFrame((time) => this.#draw(time));
  }

  #draw(time) {
    this.frame = 0;
    if (!this.state.tree || !this.axis.width) return;
    if (this.growing && time - this.drawn >= this.rest) {
      this.#measure();
      this.dirty.spans = true;
    }
    const { rows, lanes, spans } = this.dirty;
    if (this.growing) this.#schedule();
    if (!rows && !lanes && !spans && this.scroller.scrollTop === this.scrolled) return;
    this.scrolled = this.scroller.scrollTop;
    this.dirty = { rows: false, lanes: false, spans: false };
    const frame = this.#frameOf();
    if (spans) this.minimap.drawSpans(this.state.tree, this.at);
    if (spans || lanes) {
      drawRuler(this.ruler, this.grid, this.axis, this.growing ? this.at : null);
      this.minimap.drawWindow();
    }
    if (lanes && !spans && !rows) this.rows.drawLanes(this.state.tree, frame);
    this.rows.draw(this.state, frame, { fresh: spans || rows });
    this.#describe();
    if (spans) this.drawn = time;
  }

  #describe() {
    const { state, scroller } = this;
    const at = state.placeOf(state.selected);
    set(scroller, "aria-rowcount", state.rows.length);
    set(scroller, "aria-activedescendant", at >= 0 && this.rows.shown.has(at) ? `span-row-${at}` : null);
  }

  // What stands at the top of the view, so that rows that come in above it do not push it away.
  #anchor() {
    if (!this.state.tree || this.scroller.scrollTop === 0) return null;
    const at = Math.floor(this.scroller.scrollTop / ROW);
    const node = this.state.rows[at];
    return node === undefined ? null : { key: this.state.keyAt(at), into: this.scroller.scrollTop - at * ROW };
  }

  #keep(anchor) {
    if (!anchor) return;
    const at = this.state.placeOfKey(anchor.key);
    if (at < 0) return;
    this.rows.box.style.height = `${this.state.rows.length * ROW}px`;
    this.scroller.scrollTop = at * ROW + anchor.into;
  }
}

// The rows on screen: of 50,000 spans only those in view have elements, and these are used again as they scroll out.
import { el, set } from "./dom.js";
import { ROW, pathAfter, pathTo, rowWindow } from "./layout.js";
import { fillLane, fillRow, makeRow } from "./row.js";
import { keyOf } from "./tree.js";

export class Rows {
  constructor(scroller) {
    this.scroller = scroller;
    this.box = el("div", { class: "span-rows", role: "presentation" });
    scroller.append(this.box);
    this.shown = new Map();         // place → row
    this.spare = [];
  }

  /** Show the rows in view. `fresh`: their contents may have changed too. */
  draw(state, frame, { fresh = false } = {}) {
    const count = state.rows.length;
    const height = `${count * ROW}px`;
    if (this.box.style.height !== height) this.box.style.height = height;
    const { first, last } = rowWindow({ scrollTop: this.scroller.scrollTop, height: this.scroller.clientHeight, count });
    for (const [at, row] of this.shown) if (at < first || at >= last) this.#release(at, row);
    let path = null;
    for (let at = first; at < last; at += 1) {
      const node = state.rows[at];
      path = path ? pathAfter(state.tree, path, node, frame.levels) : pathTo(state.tree, node, frame.levels);
      let row = this.shown.get(at);
      if (row && !fresh) continue;
      if (!row) row = this.#take(at);
      fillRow(row, state.tree, node, this.#place(state, node, at, path), frame);
    }
    for (const row of this.spare) this.#hide(row, true);
  }

  /** Draw the lanes anew, the tree beside them has not changed. */
  drawLanes(tree, frame) {
    for (const row of this.shown.values()) fillLane(row, tree, row.node, frame);
  }

  select(state) {
    for (const row of this.shown.values()) set(row.element, "aria-selected", String(row.node === state.selected));
  }

  /** The node whose row holds an element, or -1. */
  nodeAt(element) {
    const found = element.closest?.(".span-row");
    for (const row of this.shown.values()) if (row.element === found) return row.node;
    return -1;
  }

  /** Scroll as little as brings a place into view; the page around it stays. */
  reveal(at) {
    const top = at * ROW;
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop) this.scroller.scrollTop = Math.max(0, top - ROW * 2);
    else if (top + ROW > scrollTop + clientHeight) this.scroller.scrollTop = top + ROW * 3 - clientHeight;
  }

  #place(state, node, at, path) {
    return { at, path, folded: state.folded.has(keyOf(state.tree, node)), selected: node === state.selected, hit: state.hits?.has(node) ?? false };
  }

  #take(at) {
    const row = this.spare.pop() ?? makeRow();
    this.shown.set(at, row);
    if (!row.element.isConnected) this.box.append(row.element);
    this.#hide(row, false);
    return row;
  }

  // Not hidden yet: most rows that leave at one end are used again at the other in the same frame.
  #release(at, row) {
    this.shown.delete(at);
    this.spare.push(row);
  }

  #hide(row, hidden) {
    set(row.element, "hidden", hidden ? "" : null);
    if (hidden) set(row.element, "id", null);
  }
}

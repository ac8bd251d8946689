// What the waterfall shows: the tree, which nodes are folded, which is selected, which were found. Pure.
//
// Folding, selection and finds are kept by the spans' keys, so that they survive every live update.
import { failedSpans, findSpans, nextOf } from "./search.js";
import { ancestorsOf, buildTree, keyOf, nodeOf, visibleRows } from "./tree.js";

export class State {
  constructor() {
    this.folded = new Set();
    this.selectedKey = null;
    this.find = "";
    this.running = false;
    this.tree = null;
  }

  /** Take in the spans as they are now. */
  follow(spans, { running }) {
    this.running = running;
    this.tree = buildTree(spans, { running });
    this.#arrange();
    this.search(this.find);
  }

  get selected() {
    return this.selectedKey === null ? -1 : nodeOf(this.tree, this.selectedKey);
  }

  /** Where a node stands among the rows shown, or -1. */
  placeOf(node) {
    return node < 0 ? -1 : this.places[node];
  }

  placeOfKey(key) {
    return this.placeOf(nodeOf(this.tree, key));
  }

  keyAt(place) {
    return keyOf(this.tree, this.rows[place]);
  }

  select(node) {
    this.selectedKey = node < 0 ? null : keyOf(this.tree, node);
  }

  isFolded(node) {
    return this.folded.has(keyOf(this.tree, node));
  }

  fold(node, folded) {
    const key = keyOf(this.tree, node);
    if (folded) this.folded.add(key);
    else this.folded.delete(key);
    this.#arrange();
  }

  /** Unfold everything above a node, so that it has a row. */
  uncover(node) {
    if (this.placeOf(node) >= 0) return;
    for (const up of ancestorsOf(this.tree, node)) this.folded.delete(keyOf(this.tree, up));
    this.#arrange();
  }

  search(text) {
    this.find = text;
    this.found = findSpans(this.tree, text);
    this.hits = new Set(this.found);
  }

  /** The place of the next find (or the one before), in a circle, from the selection. */
  nextHit(options) {
    return nextOf(this.tree, this.found, this.selected, options);
  }

  nextError(options) {
    return nextOf(this.tree, failedSpans(this.tree), this.selected, options);
  }

  #arrange() {
    this.rows = visibleRows(this.tree, this.folded);
    this.places = new Int32Array(this.tree.size).fill(-1);
    this.rows.forEach((node, at) => { this.places[node] = at; });
  }
}

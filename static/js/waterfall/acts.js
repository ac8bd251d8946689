// What keys and buttons do to the waterfall.
import { childrenOf } from "./tree.js";

const PAGE = 20;            // rows of PageUp and PageDown
const CLOSER = 0.7;

/** The acts by name. `shell` is { view, panel, find (input), toggle(name), search(text), told(), chosen(node) }. */
export function actsOf(shell) {
  const { view } = shell;
  const state = view.state;
  const go = (node) => {
    if (node < 0) return;
    view.select(node);
    shell.chosen(node);
  };
  const step = (by) => {
    const at = state.placeOf(state.selected);
    const place = at < 0 ? (by > 0 ? 0 : state.rows.length - 1) : Math.min(state.rows.length - 1, Math.max(0, at + by));
    go(state.rows[place]);
  };
  const found = (options) => {
    if (!state.found.length) return;
    go(state.nextHit(options));
    shell.told();
  };

  return {
    down: () => step(1),
    up: () => step(-1),
    pageDown: () => step(PAGE),
    pageUp: () => step(-PAGE),
    first: () => go(state.rows[0]),
    last: () => go(state.rows[state.rows.length - 1]),
    open() {
      const node = state.selected;
      if (node < 0) return step(1);
      const children = childrenOf(state.tree, node);
      if (!children.length) return undefined;
      return state.isFolded(node) ? view.fold(node, false) : go(children[0]);
    },
    shut() {
      const node = state.selected;
      if (node < 0) return undefined;
      if (childrenOf(state.tree, node).length && !state.isFolded(node)) return view.fold(node, true);
      return go(state.tree.parent[node]);
    },
    panel: () => (state.selected < 0 ? undefined : shell.openPanel()),
    close: () => shell.closePanel(),
    find() {
      shell.find.focus();
      shell.find.select();
    },
    leaveFind() {
      shell.find.value = "";
      shell.search("");
      view.scroller.focus();
    },
    nextHit: () => found(),
    lastHit: () => found({ backwards: true }),
    nextError: () => go(state.nextError()),
    lastError: () => go(state.nextError({ backwards: true })),
    critical: () => shell.toggle("critical"),
    squeeze: () => shell.toggle("squeeze"),
    fit: () => view.fit(),
    zoom: () => (state.selected < 0 ? undefined : view.zoomTo(state.selected)),
    closer: () => view.zoom(CLOSER),
    wider: () => view.zoom(1 / CLOSER),
  };
}

// The pointer on the rows: choose, fold, zoom with Ctrl and the wheel, pan by dragging, resize the tree.
import { el, on } from "./dom.js";
import { endAt } from "./scale.js";
import { SPAN } from "./tree.js";
import { duration } from "../format.js";

const TREE_KEY = "ecoa.waterfall.tree";
const MIN_TREE = 120;
const MIN_LANES = 160;
const STILL = 3;            // pixels a press may move and still be a click

/** Listen on a view; returns how to stop. */
export function attachPointer(view, { choose }) {
  const { scroller, rows } = view;
  let dragged = false;

  const clicked = (event) => {
    const node = rows.nodeAt(event.target);
    if (node < 0 || dragged || String(window.getSelection())) return;
    if (event.target.closest("[data-fold][data-children]")) view.fold(node, !view.state.isFolded(node));
    else choose(node);
  };

  const doubled = (event) => {
    const node = rows.nodeAt(event.target);
    if (node >= 0 && event.target.closest(".lane-cell")) view.zoomTo(node);
  };

  const wheeled = (event) => {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const left = scroller.getBoundingClientRect().left + view.treeWidth();
      view.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.01), Math.max(0, event.clientX - left));
    } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
      event.preventDefault();
      view.pan(event.deltaX || event.deltaY);
    }
  };

  const pressed = (event) => {
    dragged = false;
    if (event.button !== 0 || event.pointerType === "touch" || !event.target.closest(".lane-cell")) return;
    let last = event.clientX;
    const moved = (move) => {
      if (!dragged && Math.abs(move.clientX - event.clientX) < STILL) return;
      dragged = true;
      view.pan(last - move.clientX);
      last = move.clientX;
    };
    const stopMoves = on(window, "pointermove", moved);
    const stopUp = on(window, "pointerup", () => { stopMoves(); stopUp(); });
  };

  const hovered = (event) => {
    const row = event.target.closest(".span-row");
    const node = rows.nodeAt(event.target);
    if (row && node >= 0) row.title = tip(view, node);
  };

  const stops = [
    on(scroller, "click", clicked), on(scroller, "dblclick", doubled), on(scroller, "wheel", wheeled, { passive: false }),
    on(scroller, "pointerdown", pressed), on(scroller, "pointerover", hovered), resizer(view),
  ];
  return () => stops.forEach((stop) => stop());
}

function tip(view, node) {
  const { tree } = view.state;
  const start = tree.start[node] - view.axis.start;
  const end = endAt(tree, node, view.at) - view.axis.start;
  const lines = [`${duration(start)} to ${duration(end)}, ${duration(end - start)}`];
  if (tree.type[node] === SPAN) {
    const { agent, model, service, errorMessage } = tree.spans;
    for (const value of [model[node], agent[node] && `agent ${agent[node]}`, service[node], errorMessage[node]]) if (value) lines.push(value);
  }
  return lines.join("\n");
}

// A bar between tree and lanes; its place is remembered for this browser.
function resizer(view) {
  const bar = el("div", { class: "tree-resizer", role: "separator", "aria-orientation": "vertical", "aria-label": "Width of the tree", tabindex: 0 });
  view.body.append(bar);
  const width = (pixels) => {
    const kept = Math.round(Math.max(MIN_TREE, Math.min(pixels, view.root.clientWidth - MIN_LANES)));
    view.root.style.setProperty("--w-tree", `${kept}px`);
    bar.setAttribute("aria-valuenow", kept);
    view.resized();
    return kept;
  };
  const remembered = Number(localStorage.getItem(TREE_KEY));
  if (remembered && window.innerWidth > 720) width(remembered);
  const keep = (pixels) => localStorage.setItem(TREE_KEY, width(pixels));
  const pressed = (event) => {
    event.preventDefault();
    bar.setPointerCapture(event.pointerId);
    const left = view.root.getBoundingClientRect().left;
    const stopMoves = on(bar, "pointermove", (move) => keep(move.clientX - left));
    const stopUp = on(bar, "pointerup", () => { stopMoves(); stopUp(); });
  };
  const key = (event) => {
    const by = { ArrowLeft: -16, ArrowRight: 16 }[event.key];
    if (!by) return;
    keep(view.treeWidth() + by);
    event.preventDefault();
    event.stopPropagation();
  };
  const stops = [on(bar, "pointerdown", pressed), on(bar, "keydown", key)];
  return () => { stops.forEach((stop) => stop()); bar.remove(); };
}

// From time to pixels: long waits squeezed, then zoomed and panned. Pure.
//
//   t   ms since the trace's base
//   u   the same with squeezed waits shortened; what zooming and panning work on
//   x   pixels from the left edge of the lanes
import { childrenOf } from "./tree.js";

const LONG = 0.2;           // a wait is squeezed when it is longer than this part of the whole
const SHOWN = 0.1;          // and is then drawn as wide as this part of all the rest
const MIN_VIEW_MS = 1e-5;   // ten nanoseconds

/** The waits of a trace worth squeezing: long times in which only roots, pipelines and waits for a person ran.
 *
 *  [{ from, to }] in order. A span that has children is busy where none of them ran.
 */
export function longWaits(tree, { start, end, now }) {
  const whole = end - start;
  if (!(whole > 0)) return [];
  const busy = [];
  for (let node = 0; node < tree.spans.size; node += 1) {
    if (tree.spans.kind[node] === "human" || tree.spans.waiting(node)) continue;
    const leaf = tree.from[node + 1] === tree.from[node];
    if (leaf) busy.push([tree.start[node], endAt(tree, node, now)]);
    else if (tree.depth[node] > 0 && tree.spans.kind[node] !== "pipeline") busy.push(...ownTime(tree, node, now));
  }
  busy.sort((a, b) => a[0] - b[0]);
  const waits = [];
  let free = start;
  for (const [from, to] of [...busy, [end, end]]) {
    if (from - free > whole * LONG) waits.push({ from: free, to: from });
    free = Math.max(free, to);
  }
  return waits;
}

/** The times within a span in which none of its children ran: [[from, to], …]. */
export function ownTime(tree, node, now) {
  const end = endAt(tree, node, now);
  const free = [];
  let at = tree.start[node];
  for (const child of childrenOf(tree, node)) {       // in order of start
    const from = Math.min(tree.start[child], end);
    if (from > at) free.push([at, from]);
    at = Math.max(at, Math.min(endAt(tree, child, now), end));
  }
  if (end > at) free.push([at, end]);
  return free;
}

/** When a node ends, or `now` while it is open; never before it starts. */
export function endAt(tree, node, now) {
  const end = tree.end[node];
  const shown = Number.isNaN(end) ? now : end;
  return Math.max(shown, tree.start[node]);
}

/** When every node ends, as endAt() says it. */
export function endsAt(tree, now) {
  return tree.end.map((end, node) => Math.max(Number.isNaN(end) ? now : end, tree.start[node]));
}

/** A map between t and u that draws each wait as wide as a tenth of all that is not squeezed. */
export function squeeze(waits, { start, end }) {
  const kept = end - start - waits.reduce((sum, wait) => sum + wait.to - wait.from, 0);
  const steps = [];               // from t, u at it, and u per t within the wait
  let cut = 0;
  for (const wait of waits) {
    const length = wait.to - wait.from;
    const shown = Math.min(length, Math.max(kept, 1e-6) * SHOWN);
    steps.push({ ...wait, u: wait.from - cut, rate: shown / length, shown });
    cut += length - shown;
  }
  const before = (key, value) => {
    let low = 0;
    let high = steps.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (steps[mid][key] <= value) low = mid + 1;
      else high = mid;
    }
    return steps[low - 1];
  };
  return {
    waits: steps,
    toU(t) {
      const step = before("from", t);
      if (!step) return t;
      return t < step.to ? step.u + (t - step.from) * step.rate : step.u + step.shown + (t - step.to);
    },
    toT(u) {
      const step = before("u", u);
      if (!step) return u;
      const into = u - step.u;
      return into < step.shown ? step.from + into / step.rate : step.to + (into - step.shown);
    },
  };
}

/** A view [from, to] in u, made to lie within the domain and to be no narrower than can be drawn. */
export function clampView(view, domain) {
  const width = Math.min(Math.max(view.to - view.from, MIN_VIEW_MS), domain.to - domain.from);
  const from = Math.min(Math.max(view.from, domain.from), domain.to - width);
  return { from, to: from + width };
}

/** A view zoomed by a factor (under 1: closer) around a point that stays where it is. */
export function zoomView(view, { factor, around, domain }) {
  const from = around - (around - view.from) * factor;
  return clampView({ from, to: from + (view.to - view.from) * factor }, domain);
}

export function panView(view, { by, domain }) {
  return clampView({ from: view.from + by, to: view.to + by }, domain);
}

/** A view that shows [from, to] with a little air on both sides. */
export function viewOf(from, to, domain) {
  const air = Math.max((to - from) * 0.08, MIN_VIEW_MS);
  return clampView({ from: from - air, to: to + air * 2 }, domain);
}

/** First start and last end of what is drawn; open spans reach to `now`. */
export function extent(tree, now) {
  let start = Infinity;
  let end = -Infinity;
  for (let node = 0; node < tree.size; node += 1) {
    start = Math.min(start, tree.start[node]);
    end = Math.max(end, endAt(tree, node, now));
  }
  return Number.isFinite(start) ? { start, end: Math.max(end, start) } : { start: 0, end: 0 };
}

/** Whether anything is still growing: a pending span, or a parent that is not here while the trace runs. */
export function isGrowing(tree) {
  return tree.end.some(Number.isNaN);
}

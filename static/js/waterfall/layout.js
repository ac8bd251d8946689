// What is drawn in one row's lane, as numbers. Pure: pixels in, pixels out.
import { endAt } from "./scale.js";
import { ATTEMPTS, MISSING, SPAN } from "./tree.js";

export const ROW = 24;              // height of a row
export const MIN_WIDTH = 2;         // of a bar, so that an instant can be seen
export const INDENT = 14;
export const MAX_LEVELS = 16;       // deeper levels stand below one another
const LEAST_LEVELS = 3;
const NAME_ROOM = 124;              // of a row's icons and the beginning of its name
const CHARACTER = 6.4;              // of a label, on the average
const LABEL_GAP = 6;
const LEAST_NOTE = 8;       // characters of a note worth showing

/** The rows, of height ROW, that a viewport shows, with some to spare on both sides. */
export function rowWindow({ scrollTop, height, count, spare = 8 }) {
  const first = Math.max(0, Math.floor(scrollTop / ROW) - spare);
  return { first, last: Math.min(count, Math.ceil((scrollTop + height) / ROW) + spare) };
}

/** How many levels a tree of this width indents; deeper ones stand below one another. */
export function levelsOf(width) {
  return Math.min(MAX_LEVELS, Math.max(LEAST_LEVELS, Math.floor((width - NAME_ROOM) / INDENT)));
}

/** Where the tree's icon stands for a depth. */
export function indentOf(depth, levels) {
  return Math.min(depth, levels) * INDENT;
}

/** The lane of a node, or null when it lies outside the view.
 *
 *  frame: { width, x(t), now, own(node), critical: Map or null }
 */
export function lane(tree, node, frame) {
  const start = tree.start[node];
  const end = endAt(tree, node, frame.now);
  const left = frame.x(start);
  const right = Math.max(frame.x(end), left + MIN_WIDTH);
  const bar = cut(left, right, frame.width);
  const kind = tree.type[node] === SPAN ? tree.spans.kind[node] : "other";
  return {
    bar,
    look: lookOf(tree, node, kind),
    own: bar ? ownPieces(tree, node, { left, right, bar, frame }) : [],
    split: bar ? firstToken(tree, node, { left, right, frame }) : null,
    critical: pieces(frame.critical?.get(node) ?? [], frame),
    growing: Number.isNaN(tree.end[node]),
    ms: end - start,
    side: bar ? null : right <= 0 ? "left" : "right",
  };
}

/** Where a label goes: right of its bar, left of it, or over its end; { x, anchor, note }, the note cut where it must be. */
export function labelPlace(bar, { time, note, width }) {
  const room = (characters) => characters * CHARACTER + LABEL_GAP;
  const whole = time.length + (note ? note.length + 1 : 0);
  const right = width - bar.x - bar.width;
  const atRight = { x: bar.x + bar.width + LABEL_GAP, anchor: "start" };
  const atLeft = { x: bar.x - LABEL_GAP, anchor: "end" };
  if (room(whole) <= right) return { ...atRight, note };
  if (room(whole) <= bar.x) return { ...atLeft, note };
  const side = right >= bar.x ? atRight : atLeft;
  const left = Math.floor((Math.max(right, bar.x) - room(time.length + 1)) / CHARACTER) - 1;
  if (note && left >= LEAST_NOTE) return { ...side, note: `${note.slice(0, left)}…` };
  if (room(time.length) <= Math.max(right, bar.x)) return { ...(room(time.length) <= right ? atRight : atLeft), note: "" };
  return { x: width - LABEL_GAP, anchor: "end", note: "" };
}

/** The guide lines left of a row, whose path from the top is known: where they run and which carry an error.
 *
 *  [{ level, shape: "through" | "corner" | "tee", bad: null | "error" | "caught" }], red ones last so that they lie on top
 */
export function guides(tree, node, path) {
  const lines = [];
  const red = [];
  for (let level = 0; level + 1 < path.length; level += 1) {
    const above = path[level];
    const child = path[level + 1];
    const more = tree.place[child] < tree.from[above + 1] - tree.from[above] - 1;
    const bad = tree.bad[above] ? "error" : "caught";
    if (child === node) {
      lines.push({ level, shape: more ? "tee" : "corner", bad: null });
      if (tree.bad[child]) red.push({ level, shape: "corner", bad });
    } else if (more) lines.push({ level, shape: "through", bad: null });
    if (tree.lastBad[above] > tree.place[child]) red.push({ level, shape: "through", bad });
  }
  return [...lines, ...red];
}

/** From the top down to a node, cut to the levels that can be drawn (and the node itself). */
export function pathTo(tree, node, levels = MAX_LEVELS) {
  const path = new Array(Math.min(tree.depth[node], levels) + 1);
  for (let up = node; up >= 0; up = tree.parent[up]) if (tree.depth[up] < path.length) path[tree.depth[up]] = up;
  return path;
}

/** The path of the row after one with a known path, without climbing. */
export function pathAfter(tree, path, node, levels = MAX_LEVELS) {
  const depth = tree.depth[node];
  const next = path.slice(0, Math.min(depth, levels + 1));
  if (depth <= levels) next[depth] = node;
  return next;
}

function lookOf(tree, node, kind) {
  if (tree.type[node] === MISSING) return "missing";
  if (tree.type[node] === ATTEMPTS) return "attempts";
  if (kind === "human" || tree.spans.waiting(node)) return "human";
  return tree.from[node + 1] > tree.from[node] ? "parent" : "leaf";
}

// A parent is solid where it worked itself; a leaf is solid throughout.
function ownPieces(tree, node, { left, right, bar, frame }) {
  if (tree.type[node] !== SPAN || tree.from[node + 1] === tree.from[node]) return [bar];
  const found = pieces(frame.own(node), frame);
  return right - left <= MIN_WIDTH * 2 ? [bar] : found;
}

// A model call is drawn in two: waiting for the first token, then receiving.
function firstToken(tree, node, { left, right, frame }) {
  const ttft = tree.type[node] === SPAN ? tree.spans.ttft[node] : NaN;
  if (!(ttft > 0)) return null;
  const x = frame.x(tree.start[node] + ttft);
  return x > left && x < right ? Math.min(Math.max(x, 0), frame.width) : null;
}

// Stretches of time as pixels, those that touch joined: never more of them than pixels.
function pieces(stretches, frame) {
  const found = [];
  for (const [from, to] of stretches) {
    const piece = cut(frame.x(from), Math.max(frame.x(to), frame.x(from) + 0.5), frame.width);
    if (!piece) continue;
    const last = found[found.length - 1];
    if (last && piece.x <= last.x + last.width + 0.5) last.width = Math.max(last.width, piece.x + piece.width - last.x);
    else found.push(piece);
  }
  return found;
}

function cut(left, right, width) {
  const from = Math.max(left, 0);
  const to = Math.min(right, width);
  return to > from && left < width ? { x: from, width: to - from } : null;
}

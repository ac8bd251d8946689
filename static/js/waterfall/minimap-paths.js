// The whole trace in a few lines of pixels, however many spans it has. Pure.
import { endAt } from "./scale.js";

const LEVELS = ["parent", "leaf", "bad"];      // what lies on top where several share a pixel

/** Path data of the minimap: { parent, leaf, bad }, each a text of rectangles `line` high in a box of width x height. */
export function minimapPaths(tree, { width, height, now, x }) {
  const columns = Math.max(1, Math.ceil(width));
  const lines = Math.max(1, Math.min(tree.size, Math.floor(height / 2)));
  const cells = new Uint8Array(columns * lines);
  const step = height / lines;
  for (let at = 0; at < tree.size; at += 1) {
    const node = tree.order[at];
    const line = Math.floor((at / tree.size) * lines);
    const from = Math.min(columns - 1, Math.max(0, Math.floor(x(tree.start[node]))));
    const to = Math.min(columns, Math.max(from + 1, Math.ceil(x(endAt(tree, node, now)))));
    const level = levelOf(tree, node);
    for (let cell = line * columns + from; cell < line * columns + to; cell += 1) if (cells[cell] < level) cells[cell] = level;
  }
  const bar = Math.max(1, Math.min(4, step * 0.8));
  const parts = LEVELS.map(() => []);
  for (let line = 0; line < lines; line += 1) runs(cells.subarray(line * columns, (line + 1) * columns), (level, from, to) => {
    parts[level - 1].push(`M${from} ${(line * step).toFixed(1)}h${to - from}v${bar.toFixed(1)}h${from - to}z`);
  });
  return Object.fromEntries(LEVELS.map((name, level) => [name, parts[level].join("")]));
}

function levelOf(tree, node) {
  if (tree.origin[node]) return 3;
  if (tree.from[node + 1] > tree.from[node]) return 1;
  return 2;
}

function runs(row, found) {
  let from = 0;
  for (let at = 1; at <= row.length; at += 1) {
    if (at < row.length && row[at] === row[from]) continue;
    if (row[from]) found(row[from], from, at);
    from = at;
  }
}

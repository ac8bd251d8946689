// The ruler above the lanes and the grid behind them.
import { svg } from "./dom.js";
import { duration } from "../format.js";
import { ticksBetween } from "./ticks.js";

const LABEL_ROOM = 36;      // half a label, in pixels

/** Draw the marks of an axis into the ruler and the grid. `now`: where the present is, when the trace still grows. */
export function drawRuler(ruler, grid, axis, now) {
  const marks = marksOf(axis);
  ruler.replaceChildren(
    svg("line", { class: "axis-line", x1: 0, x2: axis.width, y1: 23.5, y2: 23.5 }),
    ...marks.flatMap(({ x, text, strong }) => [
      strong ? null : svg("line", { class: "axis-line", x1: x, x2: x, y1: 18, y2: 24 }),
      text ? svg("text", { class: strong ? "tick tick-strong" : "tick", x: Math.max(x, 2), y: 15, "text-anchor": x < LABEL_ROOM ? "start" : "middle" }, text) : null,
    ]).filter(Boolean),
  );
  grid.replaceChildren(
    ...waitsOf(axis).map(({ from, to }) => svg("rect", { class: "squeeze", x: from, width: to - from, y: 0, height: "100%" })),
    ...marks.filter(({ strong }) => !strong).map(({ x }) => svg("line", { class: "grid-line", x1: x, x2: x, y1: 0, y2: "100%" })),
    ...(now === null ? [] : [svg("line", { class: "now", x1: axis.x(now), x2: axis.x(now), y1: 0, y2: "100%" })]),
  );
}

// Between squeezed waits the ruler has marks of its own; a wait is marked with how long it was.
function marksOf(axis) {
  const waits = waitsOf(axis);
  const found = [];
  let left = 0;
  for (const wait of [...waits, { from: axis.width, to: axis.width }]) {
    if (wait.from - left > 4) found.push(...between(axis, left, wait.from));
    if (wait.to > wait.from) found.push({ x: (wait.from + wait.to) / 2, text: wait.to - wait.from > LABEL_ROOM ? duration(wait.ms) : "", strong: true });
    left = wait.to;
  }
  return found;
}

function between(axis, left, right) {
  const from = axis.t(left) - axis.start;
  const to = axis.t(right) - axis.start;
  return ticksBetween(from, to, { width: right - left }).map((t) => {
    const x = axis.x(t + axis.start);
    const fits = x < axis.width - LABEL_ROOM && (left === 0 || x - left > LABEL_ROOM) && (right === axis.width || right - x > LABEL_ROOM);
    return { x, text: fits ? tickText(t) : "", strong: false };
  });
}

// Marks stand at round times: 10 s and 1 h, not 10.0 s and 1 h 00 m.
function tickText(t) {
  return t === 0 ? "0" : duration(t).replace(/\.0(?=\D)| 00\D+$| 0\D+$/, "");
}

function waitsOf(axis) {
  return axis.map.waits.map((wait) => ({
    from: Math.max(0, axis.x(wait.from)), to: Math.min(axis.width, axis.x(wait.to)), ms: wait.to - wait.from,
  })).filter((wait) => wait.to > wait.from);
}

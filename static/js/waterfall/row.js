// One row of the waterfall: built once, then filled with one span after another as they scroll by.
import { el, icon, say, set, sprite, svg } from "./dom.js";
import { INDENT, ROW, guides, indentOf, labelPlace, lane } from "./layout.js";
import { barWords, kindOf, marksOf, nameOf } from "./words.js";

const GUIDE_LEFT = 8;
const BAR_TOP = 6;
const BAR_HEIGHT = 12;

/** An empty row. */
export function makeRow() {
  const guide = { grey: svg("path", { class: "guide" }), red: svg("path", { class: "guide guide-bad" }), caught: svg("path", { class: "guide guide-bad", "data-state": "caught" }) };
  const caretUse = svg("use");
  const kindUse = svg("use");
  const row = {
    guide, caretUse, kindUse, node: -1, at: -1, marked: "",
    guides: svg("svg", { class: "guides", height: ROW, "aria-hidden": "true" }, guide.grey, guide.caught, guide.red),
    caret: el("span", { class: "caret", "data-fold": true }, svg("svg", { class: "icon", "data-size": "12", "aria-hidden": "true" }, caretUse)),
    kind: svg("svg", { class: "kind", role: "img" }, kindUse),
    name: el("span", { class: "span-name cut", dir: "auto" }),
    marks: el("span", { class: "marks" }),
    soft: svg("rect", { rx: 2 }),
    own: svg("path", { class: "kfill" }),
    edge: svg("rect", { class: "err-edge", rx: 2, y: BAR_TOP, height: BAR_HEIGHT }),
    critical: svg("path", { class: "crit" }),
    grow: svg("rect", { class: "grow", y: 4, width: 3, height: 16, rx: 1 }),
    side: svg("path", { class: "lane-side" }),
    label: svg("text", { class: "lane-label", y: 16 }),
    time: svg("tspan"),
    note: svg("tspan", { dx: 6 }),
  };
  row.label.append(row.time, row.note);
  row.lane = svg("svg", { class: "lane", height: ROW, "aria-hidden": "true" }, row.soft, row.own, row.edge, row.critical, row.grow, row.side, row.label);
  row.words = el("span", { class: "sr" });
  row.element = el("div", { class: "span-row", role: "row" },
    el("div", { class: "tree", role: "rowheader" }, row.guides, row.caret, row.kind, row.name, row.marks),
    el("div", { class: "lane-cell", role: "gridcell" }, row.lane, row.words));
  return row;
}

/** Fill a row with a node. `place` is where it stands: { at, path, folded, selected, hit }. */
export function fillRow(row, tree, node, place, frame) {
  row.node = node;
  fillTree(row, tree, node, place, frame.levels);
  fillLane(row, tree, node, frame);
}

function fillTree(row, tree, node, { at, path, folded, selected, hit }, levels) {
  const children = tree.from[node + 1] - tree.from[node];
  const element = row.element;
  if (row.at !== at) element.style.transform = `translateY(${at * ROW}px)`;
  row.at = at;
  set(element, "id", `span-row-${at}`);
  set(element, "aria-rowindex", at + 1);
  set(element, "aria-level", tree.depth[node] + 1);
  set(element, "aria-posinset", tree.place[node] + 1);
  set(element, "aria-setsize", siblings(tree, node));
  set(element, "aria-expanded", children ? String(!folded) : null);
  set(element, "aria-selected", String(selected));
  set(element, "data-bad", tree.bad[node] ? "" : null);
  set(element, "data-hit", hit ? "" : null);
  set(element, "data-missing", kindOf(tree, node) === "missing" ? "" : null);
  drawGuides(row, tree, node, path, levels);
  set(row.caret, "data-children", children ? "" : null);
  set(row.caretUse, "href", children ? sprite(folded ? "right" : "down") : null);
  const kind = kindOf(tree, node);
  set(row.kind, "data-kind", kind);
  set(row.kind, "aria-label", kind);
  set(row.kindUse, "href", sprite(`k-${kind}`));
  const name = nameOf(tree, node);
  say(row.name, name);
  set(row.name, "title", name);
  drawMarks(row, marksOf(tree, node, folded));
}

function drawMarks(row, marks) {
  const key = marks.map(({ text, look }) => `${text} ${look}`).join("|");
  if (row.marked === key) return;
  row.marked = key;
  row.marks.replaceChildren(...marks.map(({ text, look, icon: sign }) => el("span", { class: "chip", "data-state": look || null }, sign ? icon(sign, "12") : null, text)));
}

function siblings(tree, node) {
  const up = tree.parent[node];
  return up < 0 ? tree.tops.length : tree.from[up + 1] - tree.from[up];
}

function drawGuides(row, tree, node, path, levels) {
  const parts = { grey: "", red: "", caught: "" };
  for (const { level, shape, bad } of guides(tree, node, path)) {
    const x = GUIDE_LEFT + level * INDENT;
    const down = shape === "corner" ? ROW / 2 : ROW;
    parts[bad === null ? "grey" : bad === "error" ? "red" : "caught"] += `M${x} 0V${down}${shape === "through" ? "" : `M${x} ${ROW / 2}h7`}`;
  }
  for (const name of Object.keys(parts)) set(row.guide[name], "d", parts[name] || null);
  set(row.guides, "width", indentOf(tree.depth[node], levels) + 16);
}

/** Draw the lane anew: the view or the time has moved, the row is the same. */
export function fillLane(row, tree, node, frame) {
  const drawn = lane(tree, node, frame);
  set(row.lane, "data-kind", kindOf(tree, node) === "missing" ? "other" : kindOf(tree, node));
  const words = barWords(tree, node, drawn.ms);
  const said = `${words.time} ${words.note}`;
  say(row.words, said);
  for (const part of [row.soft, row.own, row.edge, row.grow, row.label, row.side]) set(part, "display", drawn.bar ? null : "none");
  set(row.critical, "d", rectangles(drawn.critical, 20, 2) || null);
  if (drawn.bar) drawBar(row, tree, node, drawn, words, frame);
  else drawSide(row, drawn, frame);
}

function drawBar(row, tree, node, drawn, words, frame) {
  const { bar, look, split } = drawn;
  set(row.side, "display", "none");
  const soft = look !== "leaf" || split !== null;
  set(row.soft, "display", soft ? null : "none");
  if (soft) {
    set(row.soft, "class", { missing: "missing-bar", human: "human-bar", attempts: "missing-bar" }[look] ?? "kfill-soft");
    box(row.soft, { x: bar.x + 0.5, y: BAR_TOP + 0.5, width: Math.max((split ?? bar.x + bar.width) - bar.x - 1, 0.5), height: BAR_HEIGHT - 1 });
  }
  const own = look === "missing" || look === "human" || look === "attempts" ? [] : split === null ? drawn.own : [{ x: split, width: bar.x + bar.width - split }];
  set(row.own, "d", rectangles(own, BAR_TOP, BAR_HEIGHT) || null);
  set(row.edge, "display", tree.bad[node] ? null : "none");
  if (tree.bad[node]) box(row.edge, { x: bar.x, width: bar.width });
  set(row.grow, "display", drawn.growing ? null : "none");
  if (drawn.growing) set(row.grow, "x", bar.x + bar.width - 2);
  drawLabel(row, bar, words, frame);
}

function drawLabel(row, bar, words, frame) {
  const place = labelPlace(bar, { ...words, width: frame.width });
  say(row.time, words.time);
  say(row.note, place.note);
  set(row.note, "class", words.bad ? "lane-bad" : "lane-note");
  set(row.label, "x", place.x.toFixed(1));
  set(row.label, "text-anchor", place.anchor);
}

// A span outside the view: a small arrow at the side it lies on.
function drawSide(row, drawn, frame) {
  set(row.side, "display", null);
  set(row.side, "d", drawn.side === "left" ? "M9 8 5 12l4 4" : `M${frame.width - 9} 8l4 4-4 4`);
}

function rectangles(pieces, y, height) {
  return pieces.map(({ x, width }) => `M${x.toFixed(1)} ${y}h${Math.max(width, 0.6).toFixed(1)}v${height}h-${Math.max(width, 0.6).toFixed(1)}z`).join("");
}

function box(rect, sizes) {
  for (const [name, value] of Object.entries(sizes)) set(rect, name, typeof value === "number" ? value.toFixed(1) : value);
}


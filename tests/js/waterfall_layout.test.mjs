// Rows never overlap, bars stay inside their lane, time maps to pixels and back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { criticalPath, timeByKind } from "../../static/js/waterfall/critical.js";
import { ROW, guides, labelPlace, lane, pathAfter, pathTo, rowWindow } from "../../static/js/waterfall/layout.js";
import { clampView, extent, longWaits, ownTime, panView, squeeze, zoomView } from "../../static/js/waterfall/scale.js";
import { failedSpans, findSpans, nextOf } from "../../static/js/waterfall/search.js";
import { roundStep, ticksBetween } from "../../static/js/waterfall/ticks.js";
import { buildTree, keyOf, visibleRows } from "../../static/js/waterfall/tree.js";
import { dice, jungle, span, store } from "./waterfall_build.mjs";

const NOW = 2000;
const frameOf = (tree, width = 800) => {
  const { start, end } = extent(tree, NOW);
  return {
    width, now: NOW, own: (node) => ownTime(tree, node, NOW), critical: criticalPath(tree, NOW).own,
    x: (t) => ((t - start) / Math.max(end - start, 1e-6)) * width,
  };
};

test("the rows of a viewport cover it and do not overlap", () => {
  for (const scrollTop of [0, 1, 23, 24, 1000.5, 239_000]) {
    const { first, last } = rowWindow({ scrollTop, height: 700, count: 10_000, spare: 0 });
    assert.ok(first * ROW <= scrollTop);
    assert.ok(last === 10_000 || last * ROW >= scrollTop + 700);
  }
});

test("whatever the spans, every piece of a lane lies inside it and pieces do not overlap", () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = dice(seed);
    const tree = buildTree(store(...jungle(50, random)));
    const frame = frameOf(tree, 300);
    const zoomed = { ...frame, x: (t) => frame.x(t) * 7 - 600 };
    for (const shown of [frame, zoomed]) for (const node of visibleRows(tree, new Set())) {
      const drawn = lane(tree, node, shown);
      for (const pieces of [drawn.own, drawn.critical]) {
        let at = -1e-9;
        for (const piece of pieces) {
          assert.ok(piece.width > 0 && piece.x >= at && piece.x + piece.width <= 300 + 1e-9, `seed ${seed}`);
          at = piece.x + piece.width;
        }
      }
      if (drawn.split !== null) assert.ok(drawn.split >= drawn.bar.x && drawn.split <= drawn.bar.x + drawn.bar.width);
    }
  }
});

test("an instant is drawn wide enough to be seen", () => {
  const tree = buildTree(store(span("root", null, 0, 1000), span("blink", "root", 5, 5)));

  assert.ok(lane(tree, 1, frameOf(tree)).bar.width >= 2);
});

test("a parent's own time is what its children leave, also when they overrun it", () => {
  const tree = buildTree(store(span("p", null, 10, 20), span("skewed", "p", 5, 12), span("b", "p", 14, 16), span("over", "p", 18, 30)));

  assert.deepEqual(ownTime(tree, 0, NOW), [[12, 14], [16, 18]]);
});

test("a model call is split at its first token only when that lies within it", () => {
  const tree = buildTree(store(span("call", null, 0, 100, { kind: "llm", ttft: 25 }), span("odd", null, 0, 100, { kind: "llm", ttft: 400 })));

  assert.equal(lane(tree, 0, frameOf(tree)).split, 200);
  assert.equal(lane(tree, 1, frameOf(tree)).split, null);
});

test("labels stand right of a bar, left of it, or over its end, and lose their note before their time", () => {
  const place = (x, width, note = "") => labelPlace({ x, width }, { time: "3.1 s", note, width: 800 });

  assert.equal(place(0, 100).anchor, "start");
  assert.deepEqual(place(700, 100), { x: 694, anchor: "end", note: "" });
  assert.deepEqual(place(0, 800), { x: 794, anchor: "end", note: "" });
  assert.equal(place(0, 600, "upstream reset before the headers came").note, "upstream reset before t…");
  assert.equal(place(0, 740, "upstream reset").note, "");
});

test("guides found while walking down equal guides found by climbing", () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const tree = buildTree(store(...jungle(60, dice(seed))));
    for (const levels of [3, 16]) {
      let path = [];
      for (const node of tree.order) {
        path = pathAfter(tree, path, node, levels);
        assert.deepEqual(guides(tree, node, path), guides(tree, node, pathTo(tree, node, levels)), `seed ${seed}`);
      }
    }
  }
});

test("the critical path of one trace is as long as the trace and never in two places at once", () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const tree = buildTree(store(...jungle(50, dice(seed))));
    const path = criticalPath(tree, NOW);
    const pieces = [...path.own.values(), path.idle].flat().sort((a, b) => a[0] - b[0]);
    const top = tree.tops.reduce((sum, node) => [Math.min(sum[0], tree.start[node]), Math.max(sum[1], Number.isNaN(tree.end[node]) ? NOW : tree.end[node])], [Infinity, -Infinity]);

    pieces.forEach((piece, at) => assert.ok(at === 0 || piece[0] >= pieces[at - 1][1] - 1e-9, `seed ${seed}`));
    const total = pieces.reduce((sum, [from, to]) => sum + to - from, 0);
    assert.ok(Math.abs(total - (top[1] - top[0])) < 1e-6, `seed ${seed}: ${total} of ${top[1] - top[0]}`);
  }
});

test("the critical path waits for the child that ends last, and tells what the time went on", () => {
  const tree = buildTree(store(span("root", null, 0, 100, { kind: "agent" }), span("fast", "root", 10, 30), span("slow", "root", 10, 90, { kind: "llm" })));
  const path = criticalPath(tree, NOW);

  assert.deepEqual(path.own.get(0), [[0, 10], [90, 100]]);
  assert.equal(path.own.has(1), false);
  assert.deepEqual(timeByKind(tree, path), [{ part: "llm", ms: 80 }, { part: "own", ms: 20 }]);
});

test("a chain of 100,000 has a critical path", () => {
  const tree = buildTree(store(...Array.from({ length: 100_000 }, (_, n) => span(`s${n}`, n ? `s${n - 1}` : null, n, 200_000 - n))));

  assert.equal(criticalPath(tree, NOW).own.size, 100_000);
});

test("a long wait is squeezed, and squeezing can be undone for every time", () => {
  const tree = buildTree(store(span("root", null, 0, 1000, { kind: "agent" }), span("a", "root", 0, 50), span("wait", "root", 50, 900, { kind: "human" }), span("b", "root", 900, 1000)));
  const whole = { start: 0, end: 1000 };
  const waits = longWaits(tree, { ...whole, now: NOW });
  const map = squeeze(waits, whole);

  assert.deepEqual(waits, [{ from: 50, to: 900 }]);
  assert.ok(map.toU(1000) < 200);
  let before = -Infinity;
  for (let t = -10; t <= 1010; t += 7) {
    assert.ok(map.toU(t) > before);
    before = map.toU(t);
    assert.ok(Math.abs(map.toT(map.toU(t)) - t) < 1e-6);
  }
});

test("an agent that works by itself is not waiting", () => {
  const tree = buildTree(store(span("root", null, 0, 1000, { kind: "pipeline" }), span("agent", "root", 0, 600, { kind: "agent" }), span("tool", "agent", 0, 10)));

  assert.deepEqual(longWaits(tree, { start: 0, end: 1000, now: NOW }), [{ from: 600, to: 1000 }]);
});

test("zooming keeps the point under the pointer, and no view leaves the domain", () => {
  const domain = { from: 0, to: 1000 };
  const closer = zoomView(domain, { factor: 0.5, around: 300, domain });

  assert.deepEqual(closer, { from: 150, to: 650 });
  assert.deepEqual(zoomView(closer, { factor: 100, around: 300, domain }), domain);
  assert.deepEqual(panView(closer, { by: 900, domain }), { from: 500, to: 1000 });
  assert.ok(clampView({ from: 5, to: 5 }, domain).to > 5);
});

test("ticks are round, within the range and not crowded", () => {
  assert.deepEqual(ticksBetween(0, 1000, { width: 500 }), [0, 200, 400, 600, 800, 1000]);
  assert.equal(roundStep(90_000, 6), 15_000);
  const random = dice(3);
  for (let n = 0; n < 500; n += 1) {
    const from = (random() - 0.3) * 10 ** (random() * 9);
    const to = from + 10 ** (random() * 12 - 5);
    const width = 100 + random() * 1500;
    const marks = ticksBetween(from, to, { width });
    assert.ok(marks.length <= width / 72 + 2);
    for (const mark of marks) assert.ok(mark >= from - (to - from) * 0.01 && mark <= to + (to - from) * 0.01);
  }
  assert.deepEqual(ticksBetween(5, 5, { width: 500 }), []);
});

test("a search finds names, models and ids, and goes round", () => {
  const tree = buildTree(store(span("root", null, 0, 9, { name: "Charge card" }), span("ab12", "root", 1, 2, { model: "gpt-4.1" }), span("cd34", "root", 3, 4, { status: 2 })));
  const keys = (found) => [...found].map((node) => keyOf(tree, node));

  assert.deepEqual(keys(findSpans(tree, " CHARGE ")), ["root"]);
  assert.deepEqual(keys(findSpans(tree, "gpt")), ["ab12"]);
  assert.deepEqual(keys(findSpans(tree, "cd3")), ["cd34"]);
  assert.deepEqual(keys(findSpans(tree, " ")), []);
  assert.deepEqual(keys(failedSpans(tree)), ["cd34"]);
  const all = [0, 2];
  assert.deepEqual([nextOf(tree, all, -1), nextOf(tree, all, 0), nextOf(tree, all, 2), nextOf(tree, all, 0, { backwards: true }), nextOf(tree, [], 0)], [0, 2, 0, 2, -1]);
});

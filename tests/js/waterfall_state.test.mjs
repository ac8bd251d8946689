// What the reader looks at survives updates; the axis follows a growing trace without moving a zoomed view.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Axis } from "../../static/js/waterfall/axis.js";
import { actionOf } from "../../static/js/waterfall/keys.js";
import { minimapPaths } from "../../static/js/waterfall/minimap-paths.js";
import { clockOffset, rowsOf } from "../../static/js/waterfall/skeleton.js";
import { Spans } from "../../static/js/waterfall/spans.js";
import { State } from "../../static/js/waterfall/state.js";
import { buildTree, keyOf } from "../../static/js/waterfall/tree.js";
import { marksOf, inWords } from "../../static/js/waterfall/words.js";
import { dice, jungle, span, store } from "./waterfall_build.mjs";

const family = () => store(span("root", null, 0, 100), span("a", "root", 10, 20), span("a1", "a", 12, 15), span("b", "root", 30, 40));

test("selection, folding and finds survive an update that puts spans before them", () => {
  const spans = family();
  const state = new State();
  state.follow(spans, { running: true });
  state.select(2);
  state.search("b");
  state.fold(1, true);

  spans.merge([span("earliest", "root", 1, 2), span("before", "a", 11, 12)]);
  state.follow(spans, { running: true });

  assert.equal(state.selectedKey, "a1");
  assert.deepEqual([...state.rows].map((node) => keyOf(state.tree, node)), ["root", "earliest", "a", "b"]);
  assert.deepEqual([...state.found].map((node) => keyOf(state.tree, node)), ["before", "b"]);
});

test("choosing a hidden span unfolds what hides it", () => {
  const state = new State();
  state.follow(family(), { running: false });
  state.fold(0, true);
  assert.equal(state.placeOf(2), -1);

  state.uncover(2);

  assert.equal(state.placeOf(2), 2);
});

test("an open span grows while its trace runs, and ends at the last known time when nothing more is heard", () => {
  const spans = store(span("root", null, 0, NaN), span("a", "root", 10, 70));

  assert.ok(Number.isNaN(buildTree(spans, { running: true }).end[0]));
  assert.equal(buildTree(spans, { running: false }).end[0], 70);
  assert.equal(marksOf(buildTree(spans, { running: false }), 0, false).at(-1).text, "end not received");
});

test("a wait for a person that was announced grows until somebody decides", () => {
  const waits = store(span("run", null, 0, NaN, { kind: "pipeline" }), span("review", "run", 5, NaN, { kind: "human", status: 3 }));
  const decided = store(span("run", null, 0, NaN, { kind: "pipeline" }), span("review", "run", 5, 9, { kind: "human" }));

  assert.equal(waits.awaitsPerson(), true);
  assert.equal(decided.awaitsPerson(), false);
  const tree = buildTree(waits, { running: true });
  assert.equal(marksOf(tree, 1, false).at(-1).text, "waiting");
});

test("the axis shows the whole trace with room for labels, and keeps its scale while a trace grows a little", () => {
  const tree = buildTree(store(span("root", null, 0, NaN)), { running: true });
  const axis = new Axis();
  axis.resize(1000);
  axis.follow(tree, 1000);
  const { to } = axis.domain;
  axis.follow(tree, 1100);

  assert.ok(axis.x(1000) < 950);
  assert.equal(axis.domain.to, to);
  axis.follow(tree, 5000);
  assert.ok(axis.domain.to > 5000);
});

test("a zoomed view stays where it is when the trace grows", () => {
  const tree = buildTree(store(span("root", null, 0, NaN)), { running: true });
  const axis = new Axis();
  axis.resize(1000);
  axis.follow(tree, 1000);
  axis.showTimes(200, 300);
  const before = { ...axis.view };
  axis.follow(tree, 60_000);

  assert.deepEqual(axis.view, before);
  axis.fit();
  assert.ok(axis.t(0) <= 0 && axis.t(1000) > 60_000);
});

test("pixels and times convert back and forth", () => {
  const axis = new Axis();
  axis.resize(640);
  axis.follow(buildTree(family()), 0);
  for (const t of [0, 12.5, 99]) assert.ok(Math.abs(axis.t(axis.x(t)) - t) < 1e-9);
});

test("columns of the server become rows, exact to the nanosecond, on the first answer's base", () => {
  const answer = {
    start_ns: "1700000000000000123", strings: ["root", "shop"],
    columns: {
      id: ["0a"], parent: [null], start: [456], duration: [1_000_001], ttft: [null], kind: [3], status: [2], attempt: [null],
      name: [0], service: [1], agent: [null], model: [null], tool: [null], error_type: [null], error_message: [null],
      input_tokens: [5], output_tokens: [null], cost: [null],
    },
  };
  const spans = new Spans(1_700_000_000_000_000_000n);
  spans.merge(rowsOf(answer, spans.base));

  assert.equal(Math.round(spans.start[0] * 1e6), 579);
  assert.equal(Math.round((spans.end[0] - spans.start[0]) * 1e6), 1_000_001);
  assert.deepEqual([spans.name[0], spans.kind[0], spans.service[0]], ["root", "llm", "shop"]);
});

test("a clock that runs ahead is believed to be wrong at once, one behind only when it is far behind", () => {
  assert.equal(clockOffset({ latest: 5000, seen: 1000 }), 4000);
  assert.equal(clockOffset({ latest: 1000, seen: 6000 }), 0);
  assert.equal(clockOffset({ latest: 0, seen: 3_600_000 }), -3_600_000);
});

test("keys mean something in the tree, in the search field, and nothing in other fields", () => {
  const key = (name, more = {}) => ({ key: name, ...more });

  assert.equal(actionOf(key("e"), "tree"), "nextError");
  assert.equal(actionOf(key("e"), "typing"), null);
  assert.equal(actionOf(key("e"), "find"), null);
  assert.equal(actionOf(key("Enter", { shiftKey: true }), "find"), "lastHit");
  assert.equal(actionOf(key("ArrowDown"), "page"), null);
  assert.equal(actionOf(key("f", { ctrlKey: true }), "tree"), null);
});

test("the minimap has at most as many rectangles as pixels, however many spans there are", () => {
  const tree = buildTree(store(...jungle(3000, dice(4))));
  const paths = minimapPaths(tree, { width: 400, height: 38, now: 2000, x: (t) => t / 5 });
  const rectangles = Object.values(paths).join("").split("M").length - 1;

  assert.ok(rectangles > 0 && rectangles <= 400 * 19);
});

test("a span is told in one line", () => {
  const tree = buildTree(store(span("c", null, 0, 1500, { kind: "llm", model: "gpt-4o", inputTokens: 120, outputTokens: 8, status: 2, errorType: "timeout" })));

  assert.equal(inWords(tree, 0, 1500), "Called gpt-4o for 1.5 s; 120 tokens in, 8 out; failed here with timeout.".replace("1.5 s", "1.5\u00a0s"));
});

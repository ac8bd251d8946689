// The tree holds every span exactly once, whatever was sent and in whatever order.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MISSING, ancestorsOf, buildTree, keyOf, nodeOf, visibleRows } from "../../static/js/waterfall/tree.js";
import { dice, drawn, jungle, shuffled, span, store } from "./waterfall_build.mjs";

const tree = (...rows) => buildTree(store(...rows));

test("children stand under their parents in order of start", () => {
  const built = tree(span("late", "root", 5, 6), span("root", null, 0, 10), span("early", "root", 1, 9), span("leaf", "early", 2, 3));

  assert.equal(drawn(built), "root\n  early\n    leaf\n  late");
});

test("a span that names itself as its parent is a root and says so", () => {
  const built = tree(span("me", "me", 0, 1), span("child", "me", 0, 1));

  assert.equal(drawn(built), "me\n  child");
  assert.deepEqual([...built.loop], [0]);
});

test("a cycle is opened at its earliest span", () => {
  const built = tree(span("b", "a", 2, 3), span("c", "b", 3, 4), span("a", "c", 1, 9), span("under", "b", 5, 6));

  assert.equal(drawn(built), "a\n  b\n    c\n    under");
});

test("spans whose parent has not come hang under a placeholder below the only root", () => {
  const built = tree(span("root", null, 0, 10), span("x", "gone", 3, 5), span("y", "gone", 4, 8));

  assert.equal(drawn(built), "root\n  missing:gone\n    x\n    y");
  const missing = nodeOf(built, "missing:gone");
  assert.deepEqual([built.type[missing], built.start[missing], built.end[missing]], [MISSING, 3, 8]);
});

test("without a root, or with two, placeholders stand at the top", () => {
  assert.equal(drawn(tree(span("x", "gone", 3, 5))), "missing:gone\n  x");
  assert.equal(drawn(tree(span("a", null, 0, 1), span("b", null, 1, 2), span("x", "gone", 3, 5))), "a\nb\nmissing:gone\n  x");
});

test("a parent that is not here runs on while its trace runs", () => {
  const built = buildTree(store(span("x", "gone", 3, 5)), { running: true });

  assert.ok(Number.isNaN(built.end[nodeOf(built, "missing:gone")]));
});

test("a placeholder gives way to the span when it comes", () => {
  const spans = store(span("x", "p", 3, 5));
  const before = drawn(buildTree(spans));
  spans.merge([span("p", null, 0, 9)]);

  assert.equal(before, "missing:p\n  x");
  assert.equal(drawn(buildTree(spans)), "p\n  x");
});

test("a pending span is replaced by the one that ended", () => {
  const spans = store(span("a", null, 0, NaN));
  spans.merge([span("a", null, 0, 7)]);

  assert.equal(spans.size, 1);
  assert.equal(buildTree(spans).end[0], 7);
});

test("numbered siblings of one name are attempts of one step", () => {
  const tried = (id, attempt, start) => span(id, "root", start, start + 1, { name: "charge", attempt });
  const built = tree(span("root", null, 0, 10), tried("t2", 2, 3), tried("t1", 1, 1), span("other", "root", 0, 1));

  assert.equal(drawn(built), "root\n  other\n  attempts:root:tool:charge\n    t1\n    t2");
  assert.equal(built.attempts.get(nodeOf(built, "attempts:root:tool:charge")), 2);
  assert.equal(built.attempt.get(nodeOf(built, "t2")), 2);
});

test("siblings that each began after the one before had failed are attempts, others are not", () => {
  const call = (id, start, status) => span(id, "root", start, start + 1, { name: "call", status });
  const retried = tree(span("root", null, 0, 10), call("a", 1, 2), call("b", 3, 2), call("c", 5, 1), span("z", "root", 9, 9));
  const parallel = tree(span("root", null, 0, 10), call("a", 1, 1), call("b", 3, 1));

  assert.equal(retried.attempts.size, 1);
  assert.equal(parallel.attempts.size, 0);
});

test("a step with nothing but its attempts needs no group of its own", () => {
  const built = tree(span("root", null, 0, 9), span("a", "root", 1, 2, { name: "try", attempt: 1 }), span("b", "root", 3, 4, { name: "try", attempt: 2 }));

  assert.equal(drawn(built), "root\n  a\n  b");
  assert.equal(built.attempts.get(0), 2);
});

test("an error began where nothing below failed, and is followed up to where it was caught", () => {
  const built = tree(span("root", null, 0, 9), span("up", "root", 1, 8, { status: 2 }), span("origin", "up", 2, 3, { status: 2 }), span("fine", "up", 4, 5));
  const at = (id) => nodeOf(built, id);

  assert.deepEqual([...built.origin].map((flag, node) => flag && built.spans.id[node]).filter(Boolean), ["origin"]);
  assert.equal(built.lastBad[at("root")], built.place[at("up")]);
  assert.equal(built.badUnder[at("root")], 2);
});

test("a group of attempts has failed when its last attempt has", () => {
  const call = (id, start, status) => span(id, "root", start, start + 1, { name: "call", status });
  const group = (last) => {
    const built = tree(span("root", null, 0, 10), call("a", 1, 2), call("b", 3, last), span("z", "root", 9, 9));
    return built.bad[nodeOf(built, "attempts:root:tool:call")];
  };

  assert.deepEqual([group(1), group(2)], [0, 1]);
});

test("a chain of 100,000 spans is a tree like any other", () => {
  const count = 100_000;
  const spans = store(...Array.from({ length: count }, (_, n) => span(`s${n}`, n ? `s${n - 1}` : null, n, 2 * count - n)));
  const built = buildTree(spans);

  assert.equal(built.depth[count - 1], count - 1);
  assert.equal(ancestorsOf(built, count - 1).length, count - 1);
  assert.equal(visibleRows(built, new Set(["s10"])).length, 11);
});

test("folding hides what is under a node, and nothing else", () => {
  const built = tree(span("root", null, 0, 9), span("a", "root", 1, 2), span("a1", "a", 1, 2), span("b", "root", 3, 4));
  const shown = (...folded) => [...visibleRows(built, new Set(folded))].map((node) => keyOf(built, node));

  assert.deepEqual(shown(), ["root", "a", "a1", "b"]);
  assert.deepEqual(shown("a"), ["root", "a", "b"]);
  assert.deepEqual(shown("a", "root"), ["root"]);
  assert.deepEqual(shown("no longer there"), ["root", "a", "a1", "b"]);
});

test("any jungle of spans becomes a forest that holds each once, in the same shape whatever the order of arrival", () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = dice(seed);
    const rows = jungle(1 + Math.floor(random() * 60), random);
    const built = buildTree(store(...rows));
    const other = buildTree(store(...shuffled(rows, random)));

    assert.equal(new Set(built.order).size, built.size);
    assert.equal(drawn(built), drawn(other), `seed ${seed}`);
    for (const node of built.order) if (built.parent[node] >= 0) assert.equal(built.depth[node], built.depth[built.parent[node]] + 1);
  }
});

test("updates merged piece by piece equal a fresh load", () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const random = dice(seed);
    const rows = jungle(40, random);
    const grown = store();
    for (const row of shuffled(rows, random)) {
      if (random() < 0.4) grown.merge([{ ...row, end: NaN, status: 0 }]);
      grown.merge([row]);
    }
    const live = buildTree(grown);
    const fresh = buildTree(store(...rows));
    const told = (built) => [...built.order].map((node) => [keyOf(built, node), built.start[node], built.end[node], built.bad[node], built.origin[node]]);

    assert.deepEqual(told(live), told(fresh), `seed ${seed}`);
  }
});

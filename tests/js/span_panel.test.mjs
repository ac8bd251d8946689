// What senders wrote is read as Markdown, attributes and arguments, and can never become more than text.
import assert from "node:assert/strict";
import { test } from "node:test";
import { blocksOf, inlineOf, safeLink } from "../../static/js/span/markdown.js";
import { embeddedImage, filterPairs, flatPairs, isSearchable, term } from "../../static/js/span/values.js";
import { arrivals, beginsAnew, placeFor } from "../../static/js/traces/arrivals.js";

test("headings, lists, quotes, code and paragraphs are told apart", () => {
  const types = blocksOf("# A\n\ntext\nmore\n\n- one\n- two\n1. first\n> said\n\n```py\nx = 1\n# not a heading\n```\n---").map((block) => block.type);

  assert.deepEqual(types, ["heading", "paragraph", "list", "list", "quote", "code", "rule"]);
});

test("a fence that is not closed holds the rest", () => {
  assert.deepEqual(blocksOf("```\na\nb"), [{ type: "code", language: "", text: "a\nb" }]);
});

test("marks within a line are found, HTML stays text", () => {
  assert.deepEqual(inlineOf("a **b** `c<d>` <script>"), [
    { type: "text", text: "a " }, { type: "strong", text: "b" }, { type: "text", text: " " }, { type: "code", text: "c<d>" },
    { type: "text", text: " <script>" },
  ]);
});

test("only links to the web and mail are links, and remote images are links at most", () => {
  const kinds = (text) => inlineOf(text).map((part) => part.type);

  assert.deepEqual(kinds("[x](https://example.org/a)"), ["link"]);
  assert.deepEqual(kinds("![x](https://example.org/a.png)"), ["link"]);
  for (const href of ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "//evil", "JaVaScRiPt:x"]) {
    assert.equal(safeLink(href), false);
    assert.ok(kinds(`[x](${href})`).every((kind) => kind === "text"));
  }
});

test("texts made to make a reader hang are read", () => {
  for (const text of ["*".repeat(50_000), "[".repeat(50_000), "`".repeat(19_999), "**a".repeat(6000), "_a ".repeat(6000), "> ".repeat(30_000), "[a](".repeat(4000)]) {
    assert.ok(blocksOf(text).length > 0);
  }
});

test("nested values are told by dotted keys, whatever the keys are called", () => {
  const pairs = flatPairs(JSON.parse('{"a":{"b":1,"__proto__":{"x":2}},"constructor":"c","l":[1],"e":{}}'));

  assert.deepEqual(pairs, [["a.b", 1], ["a.__proto__.x", 2], ["constructor", "c"], ["l", [1]], ["e", {}]]);
  assert.deepEqual(filterPairs(pairs, "CONST"), [["constructor", "c"]]);
});

test("a value becomes a term of the filter language that says exactly it", () => {
  assert.equal(term("attr.order", "88213-1"), "attr.order:88213-1");
  assert.equal(term("attr.q", 'say "a*b" \\'), 'attr.q:"say \\"a\\*b\\" \\\\"');
  assert.equal(term("attr.q", "or"), 'attr.q:"or"');
  assert.equal(isSearchable("customer.tier", "gold"), true);
  assert.equal(isSearchable("a b", "gold"), false);
  assert.equal(isSearchable("list", [1]), false);
});

test("only embedded raster images are shown", () => {
  assert.ok(embeddedImage("data:image/png;base64,iVBORw0KGgo="));
  for (const other of ["https://example.org/a.png", "data:image/svg+xml;base64,AAAA", "data:text/html;base64,AAAA", "data:image/png,x", null]) assert.equal(embeddedImage(other), null);
});

test("pulled rows are new, changed or known, and older ones are left to scrolling", () => {
  const shown = new Map([["b", 1], ["c", 4]]);
  const pulled = [{ id: "a", seq: 1, start: 30n }, { id: "b", seq: 2, start: 20n }, { id: "c", seq: 4, start: 10n }, { id: "d", seq: 1, start: 5n }];

  assert.deepEqual(arrivals(pulled, shown, 10n), { fresh: ["a"], changed: ["b"] });
  assert.deepEqual(arrivals(pulled, shown, null).fresh, ["a", "d"]);
  assert.equal(placeFor(15n, [20n, 10n]), 1);
  assert.equal(placeFor(1n, [20n, 10n]), 2);
});

test("a list begins anew when what was pulled leaves a gap, or when it would grow without end", () => {
  assert.equal(beginsAnew({ pulled: 50, fresh: 50, known: 50 }), true);
  assert.equal(beginsAnew({ pulled: 50, fresh: 49, known: 50 }), false);
  assert.equal(beginsAnew({ pulled: 50, fresh: 1, known: 500 }), true);
  assert.equal(beginsAnew({ pulled: 50, fresh: 0, known: 900 }), false);
  assert.equal(beginsAnew({ pulled: 3, fresh: 3, known: 0 }), false);
});

// Small builders for the waterfall's tests.
import { Spans } from "../../static/js/waterfall/spans.js";

/** A span as skeletonRows() gives it, named by its id. Times in ms. */
export function span(id, parent, start, end, more = {}) {
  return {
    id, parent, start, end, ttft: NaN, name: id, kind: "tool", status: 1, attempt: null, agent: null, model: null,
    tool: null, service: "shop", errorType: null, errorMessage: null, inputTokens: null, outputTokens: null, cost: null,
    ...more,
  };
}

export function store(...rows) {
  const spans = new Spans(1_700_000_000_000_000_000n);
  spans.merge(rows);
  return spans;
}

/** A repeatable stream of numbers in [0, 1). */
export function dice(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function shuffled(list, random) {
  const copy = list.slice();
  for (let at = copy.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [copy[at], copy[other]] = [copy[other], copy[at]];
  }
  return copy;
}

/** So many spans with random parents, some of them unknown, some in cycles, some open, some failed. */
export function jungle(count, random) {
  return Array.from({ length: count }, (_, number) => {
    const start = Math.floor(random() * 1000);
    const chance = random();
    const other = `s${Math.floor(random() * count)}`;
    const parent = chance < 0.05 ? null : chance < 0.1 ? `gone${Math.floor(random() * 3)}` : other;
    return span(`s${number}`, parent, start, random() < 0.1 ? NaN : start + Math.floor(random() * 300), {
      name: `step ${Math.floor(random() * 4)}`,
      kind: ["agent", "llm", "tool", "human"][Math.floor(random() * 4)],
      status: random() < 0.2 ? 2 : 1,
      attempt: random() < 0.1 ? 1 + Math.floor(random() * 3) : null,
      ttft: random() < 0.3 ? random() * 200 : NaN,
    });
  });
}

/** What a tree looks like, as text: one line a node, indented by depth. */
export function drawn(tree) {
  return [...tree.order].map((node) => {
    const key = node < tree.spans.size ? tree.spans.id[node] : tree.key[node];
    return `${"  ".repeat(tree.depth[node])}${key}`;
  }).join("\n");
}

// The critical path: at each moment, the one span that the trace's end had to wait for. Pure.
//
// Walks back from the end. Within a span, the child that ends last (cut to where we are) is what it waited for; the time
// between is the span's own. Children that start later than we are, or are hidden behind the chosen one, do not count.
import { endsAt } from "./scale.js";
import { childrenOf } from "./tree.js";

/** Stretches of the path by node: Map(node → [[from, to], …] in order of time), and `idle`, where no span ran. */
export function criticalPath(tree, now) {
  const own = new Map();
  const idle = [];
  const add = (node, from, to) => {
    if (!(to > from)) return;
    if (node < 0) idle.push([from, to]);
    else if (own.has(node)) own.get(node).push([from, to]);
    else own.set(node, [[from, to]]);
  };
  if (tree.size === 0) return { own, idle };
  const ends = endsAt(tree, now);
  const whole = tops(tree, ends);
  const stack = [{ node: -1, start: whole.start, at: whole.end, children: byEnd(tree, tree.tops, ends), next: 0 }];
  while (stack.length) {
    const here = stack[stack.length - 1];
    const child = lastBefore(tree, here, ends);
    if (child < 0) {
      add(here.node, here.start, here.at);
      stack.pop();
      continue;
    }
    const end = Math.min(ends[child], here.at);
    const start = Math.max(tree.start[child], here.start);
    add(here.node, end, here.at);
    here.at = start;
    stack.push({ node: child, start, at: end, children: byEnd(tree, childrenOf(tree, child), ends), next: 0 });
  }
  for (const pieces of own.values()) pieces.reverse();
  return { own, idle: idle.reverse() };
}

/** Milliseconds of the critical path by what they were spent on, in a fixed order, nothing left out. */
export function timeByKind(tree, path) {
  const sums = new Map();
  const add = (part, pieces) => {
    const sum = pieces.reduce((total, [from, to]) => total + to - from, 0);
    if (sum > 0) sums.set(part, (sums.get(part) ?? 0) + sum);
  };
  for (const [node, pieces] of path.own) add(PARTS[tree.spans.kind[node]] ?? "own", pieces);
  add("idle", path.idle);
  return ORDER.filter((part) => sums.has(part)).map((part) => ({ part, ms: sums.get(part) }));
}

const ORDER = ["llm", "tool", "retriever", "guardrail", "human", "own", "idle"];
const PARTS = {
  llm: "llm", tool: "tool", retriever: "retriever", reranker: "retriever", embedding: "retriever",
  guardrail: "guardrail", evaluator: "guardrail", human: "human",
};

function tops(tree, ends) {
  let start = Infinity;
  let end = -Infinity;
  for (const node of tree.tops) {
    start = Math.min(start, tree.start[node]);
    end = Math.max(end, ends[node]);
  }
  return { start, end };
}

function byEnd(tree, nodes, ends) {
  if (nodes.length < 2) return nodes;
  return nodes.slice().sort((a, b) => ends[b] - ends[a] || tree.rank[b] - tree.rank[a]);
}

// The child that was running, or had ended last, where we are. Each child is looked at once.
function lastBefore(tree, here, ends) {
  while (here.next < here.children.length) {
    const child = here.children[here.next];
    here.next += 1;
    const start = tree.start[child];
    if (start < here.at && ends[child] > here.start) return child;
  }
  return -1;
}

// Finding spans in a tree. Pure.
import { SPAN, keyOf } from "./tree.js";

const FIELDS = ["name", "agent", "model", "tool", "service", "errorType", "errorMessage"];

/** The spans that contain a text in a name, agent, model, tool, service, error or id, from top to bottom. */
export function findSpans(tree, text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  const cache = new Map();        // names repeat: lower each once
  const holds = (value) => {
    if (!value) return false;
    let answer = cache.get(value);
    if (answer === undefined) {
      answer = value.toLowerCase().includes(wanted);
      cache.set(value, answer);
    }
    return answer;
  };
  const columns = FIELDS.map((field) => tree.spans[field]);
  return tree.order.filter((node) => tree.type[node] === SPAN
    && (columns.some((column) => holds(column[node])) || keyOf(tree, node).startsWith(wanted)));
}

/** The failed spans from top to bottom: where errors began first in each branch, then what they took down. */
export function failedSpans(tree) {
  return tree.order.filter((node) => tree.type[node] === SPAN && tree.bad[node]);
}

/** The entry of `found` after (or, backwards, before) a node in the tree's order, going round at the end; -1 if none. */
export function nextOf(tree, found, node, { backwards = false } = {}) {
  if (!found.length) return -1;
  const at = node < 0 ? -1 : tree.rank[node];
  if (!backwards) return found.find((other) => tree.rank[other] > at) ?? found[0];
  for (let place = found.length - 1; place >= 0; place -= 1) if (tree.rank[found[place]] < at) return found[place];
  return found[found.length - 1];
}

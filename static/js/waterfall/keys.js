// What a key does in the waterfall. Pure.

const PLAIN = {
  ArrowDown: "down", ArrowUp: "up", ArrowRight: "open", ArrowLeft: "shut", j: "down", k: "up",
  Home: "first", End: "last", PageDown: "pageDown", PageUp: "pageUp",
  Enter: "panel", Escape: "close", "/": "find", n: "nextHit", N: "lastHit", e: "nextError", E: "lastError",
  c: "critical", f: "fit", z: "zoom", s: "squeeze", "+": "closer", "=": "closer", "-": "wider",
};
const IN_FIND = { Enter: "nextHit", ArrowDown: "nextHit", ArrowUp: "lastHit", Escape: "leaveFind" };
// Keys that also mean something to a focused control outside the tree.
const TREE_ONLY = new Set(["ArrowDown", "ArrowUp", "ArrowRight", "ArrowLeft", "Home", "End", "PageDown", "PageUp", "Enter"]);

/** The action of a key press, or null. `where`: tree, find (the search field), typing (another field) or page. */
export function actionOf(event, where) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  if (where === "typing") return null;
  if (where === "find") return event.key === "Enter" && event.shiftKey ? "lastHit" : IN_FIND[event.key] ?? null;
  if (where === "page" && TREE_ONLY.has(event.key)) return null;
  return PLAIN[event.key] ?? null;
}

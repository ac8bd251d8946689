// <div data-behaviour="copy"> gets behaviours/copy.js: attach(element) is called when the element appears, and what it
// returns when the element goes. A page may name several: data-behaviour="copy menu".

// Written out, since the static files' hashed names are put into literal import paths only.
const BEHAVIOURS = {
  frame: () => import("./behaviours/frame.js"),
  menu: () => import("./behaviours/menu.js"),
  copy: () => import("./behaviours/copy.js"),
  chart: () => import("./behaviours/chart.js"),
  tabs: () => import("./behaviours/tabs.js"),
  confirm: () => import("./behaviours/confirm.js"),
  "range-form": () => import("./behaviours/range-form.js"),
  "live-part": () => import("./behaviours/live-part.js"),
  "row-link": () => import("./behaviours/row-link.js"),
  "range-brush": () => import("./behaviours/range-brush.js"),
  "traces-list": () => import("./behaviours/traces-list.js"),
  "traces-first": () => import("./behaviours/traces-first.js"),
  "trace-tabs": () => import("./behaviours/trace-tabs.js"),
  waterfall: () => import("./behaviours/waterfall.js"),
  prose: () => import("./behaviours/prose.js"),
  lazy: () => import("./behaviours/lazy.js"),
  "json-view": () => import("./behaviours/json-view.js"),
  "run-views": () => import("./behaviours/run-views.js"),
  "row-keys": () => import("./behaviours/row-keys.js"),
  "submit-on-change": () => import("./behaviours/submit-on-change.js"),
  "value-form": () => import("./behaviours/value-form.js"),
  review: () => import("./behaviours/review.js"),
  "review-queue": () => import("./behaviours/review-queue.js"),
};

const attached = new Map();

/** Attach the behaviours under `root` now, and keep up with what is added and removed. */
export function keepAttached(root) {
  attachUnder(root);
  new MutationObserver((changes) => {
    for (const change of changes) change.addedNodes.forEach(attachUnder);
    for (const element of attached.keys()) if (!element.isConnected) detach(element);
  }).observe(root, { childList: true, subtree: true });
}

function attachUnder(node) {
  if (!(node instanceof Element)) return;
  if (node.matches("[data-behaviour]")) attach(node);
  node.querySelectorAll("[data-behaviour]").forEach(attach);
}

async function attach(element) {
  if (attached.has(element)) return;
  const detachers = [];
  attached.set(element, detachers);
  for (const name of element.dataset.behaviour.split(" ")) {
    const module = await BEHAVIOURS[name]();
    if (attached.get(element) !== detachers) return; // gone meanwhile
    const detacher = module.attach(element);
    if (detacher) detachers.push(detacher);
  }
}

function detach(element) {
  for (const detacher of attached.get(element)) detacher();
  attached.delete(element);
}

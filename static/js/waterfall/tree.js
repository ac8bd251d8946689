// The tree of a trace's spans, whatever was sent: parents that never came, cycles, chains of 100,000. Pure.
//
//   node 0 … spans.size - 1    the spans themselves
//   then                       one placeholder for each parent that is known by its id only
//   then                       one group for each step that was tried several times
//
// Nothing here recurses, and nothing depends on the order in which the spans arrived.
import { STATUS_ERROR } from "./spans.js";

export const SPAN = 0;
export const MISSING = 1;
export const ATTEMPTS = 2;

/** The tree of a store of spans: parents, children in order of start, preorder, depths, attempts and errors.
 *
 *  While the trace runs, what has not ended has the end NaN, and a parent that is not here is taken to be running too.
 *  `open` tells what has not ended either way.
 */
export function buildTree(spans, { running = false } = {}) {
  const draft = { spans, parent: [], type: [], key: [], loop: new Set(), attempt: new Map(), attempts: new Map() };
  linkParents(draft);
  breakLoops(draft);
  addMissing(draft);
  addAttempts(draft);
  const tree = { ...times(draft, running), ...draft, size: draft.parent.length };
  orderChildren(tree);
  walk(tree);
  markErrors(tree);
  tree.index = new Map();
  for (let node = spans.size; node < tree.size; node += 1) tree.index.set(tree.key[node], node);
  return tree;
}

/** The node with a key (a span's id, or a placeholder's or group's key), or -1. */
export function nodeOf(tree, key) {
  return tree.spans.index.get(key) ?? tree.index.get(key) ?? -1;
}

/** A node's key: it stays the same over live updates. */
export function keyOf(tree, node) {
  return node < tree.spans.size ? tree.spans.id[node] : tree.key[node];
}

export function childrenOf(tree, node) {
  return tree.children.subarray(tree.from[node], tree.from[node + 1]);
}

/** The nodes shown, in order, when those with keys in `folded` hide what is under them. */
export function visibleRows(tree, folded) {
  const closed = new Uint8Array(tree.size);
  for (const key of folded) {
    const node = nodeOf(tree, key);
    if (node >= 0) closed[node] = 1;
  }
  const rows = new Int32Array(tree.size);
  let shown = 0;
  for (let at = 0; at < tree.size;) {
    const node = tree.order[at];
    rows[shown] = node;
    shown += 1;
    at += closed[node] ? tree.weight[node] : 1;
  }
  return rows.subarray(0, shown);
}

/** A node's ancestors, nearest first. */
export function ancestorsOf(tree, node) {
  const found = [];
  for (let up = tree.parent[node]; up >= 0; up = tree.parent[up]) found.push(up);
  return found;
}

function linkParents({ spans, parent, type }) {
  for (let node = 0; node < spans.size; node += 1) {
    const id = spans.parent[node];
    const found = id === null ? -1 : spans.index.get(id) ?? -1;
    parent.push(found);
    type.push(SPAN);
  }
}

// A cycle is opened at its earliest span, which becomes a root and says so.
function breakLoops({ spans, parent, loop }) {
  const seen = new Int32Array(spans.size).fill(-1);
  for (let from = 0; from < spans.size; from += 1) {
    let node = from;
    while (node >= 0 && seen[node] === -1) {
      seen[node] = from;
      node = parent[node];
    }
    if (node < 0 || seen[node] !== from) continue;
    let first = node;
    for (let next = parent[node]; next !== node; next = parent[next]) if (earlier(spans, next, first)) first = next;
    parent[first] = -1;
    loop.add(first);
  }
}

function earlier(spans, a, b) {
  return spans.start[a] < spans.start[b] || (spans.start[a] === spans.start[b] && spans.id[a] < spans.id[b]);
}

// Placeholders hang under the root when there is exactly one, for every span descends from it.
function addMissing({ spans, parent, type, key, loop }) {
  const missing = new Map();
  let root = -1;
  let roots = 0;
  for (let node = 0; node < spans.size; node += 1) {
    if (parent[node] >= 0 || loop.has(node)) continue;
    const id = spans.parent[node];
    if (id === null) {
      root = node;
      roots += 1;
    } else if (missing.has(id)) missing.get(id).push(node);
    else missing.set(id, [node]);
  }
  for (const id of [...missing.keys()].sort()) {
    const node = parent.length;
    for (const child of missing.get(id)) parent[child] = node;
    parent.push(roots === 1 ? root : -1);
    type.push(MISSING);
    key[node] = `missing:${id}`;
  }
}

// Siblings of one name and kind are attempts of one step when they are numbered, or when each began after the one
// before it had failed.
function addAttempts(draft) {
  const { spans, parent, type, key, attempt, attempts } = draft;
  for (const { owner, members, only } of repeated(draft)) {
    members.sort((a, b) => (earlier(spans, a, b) ? -1 : 1));
    if (!areAttempts(spans, members)) continue;
    members.forEach((node, place) => attempt.set(node, spans.attempt[node] ?? place + 1));
    if (only && owner >= 0) {
      attempts.set(owner, members.length);
      continue;
    }
    const node = parent.length;
    for (const member of members) parent[member] = node;
    parent.push(owner);
    type.push(ATTEMPTS);
    attempts.set(node, members.length);
    key[node] = `attempts:${owner < 0 ? "" : owner < spans.size ? spans.id[owner] : key[owner]}:${spans.kind[members[0]]}:${spans.name[members[0]]}`;
  }
}

function repeated({ spans, parent }) {
  const groups = new Map();
  const counts = new Map();
  for (let node = 0; node < spans.size; node += 1) {
    const owner = parent[node];
    counts.set(owner, (counts.get(owner) ?? 0) + 1);
    const same = `${owner} ${spans.kind[node]} ${spans.name[node]}`;
    const group = groups.get(same);
    if (group) group.members.push(node);
    else groups.set(same, { owner, members: [node] });
  }
  const found = [...groups.values()].filter((group) => group.members.length > 1);
  for (const group of found) group.only = counts.get(group.owner) === group.members.length;
  return found;
}

function areAttempts(spans, members) {
  const numbers = new Set(members.map((node) => spans.attempt[node]));
  if (!numbers.has(null)) return numbers.size > 1;
  return members.every((node, place) => {
    if (place === members.length - 1) return true;
    return spans.status[node] === STATUS_ERROR && spans.end[node] <= spans.start[members[place + 1]];
  });
}

// Start and end of every node; a placeholder or group spans what is under it. An open end is NaN.
function times({ spans, parent, type }, running) {
  const start = new Float64Array(parent.length).fill(Infinity);
  const end = new Float64Array(parent.length).fill(-Infinity);
  start.set(spans.start.slice(0, spans.size));
  end.set(spans.end.slice(0, spans.size));
  const widen = (from) => {
    const to = parent[from];
    if (to < 0 || type[to] === SPAN) return;
    start[to] = Math.min(start[to], start[from]);
    end[to] = Math.max(end[to], end[from]);        // NaN stays NaN: something under it is open
  };
  for (let node = 0; node < spans.size; node += 1) widen(node);
  for (let node = parent.length - 1; node >= spans.size; node -= 1) if (type[node] === ATTEMPTS) widen(node);
  for (let node = spans.size; running && node < parent.length; node += 1) if (type[node] === MISSING) end[node] = NaN;
  const open = end.map(Number.isNaN);
  if (!running) closeAt(end, start, latest(start, end));
  return { start, end, open };
}

// Nothing more is heard of the trace: what has not ended is drawn up to the last time that is known.
function closeAt(end, start, last) {
  for (let node = 0; node < end.length; node += 1) if (Number.isNaN(end[node])) end[node] = Math.max(last, start[node]);
}

function latest(start, end) {
  let last = -Infinity;
  for (let node = 0; node < end.length; node += 1) last = Math.max(last, start[node], Number.isNaN(end[node]) ? -Infinity : end[node]);
  return last;
}

function orderChildren(tree) {
  const { spans, parent, size, start } = tree;
  const name = (node) => (node < spans.size ? spans.id[node] : tree.key[node]);
  const byStart = Array.from({ length: size }, (_, node) => node);
  byStart.sort((a, b) => start[a] - start[b] || (name(a) < name(b) ? -1 : 1));
  const from = new Int32Array(size + 1);
  for (const node of byStart) if (parent[node] >= 0) from[parent[node] + 1] += 1;
  for (let node = 0; node < size; node += 1) from[node + 1] += from[node];
  const next = from.slice();
  const children = new Int32Array(from[size]);
  tree.tops = [];
  tree.place = new Int32Array(size);               // among its siblings
  for (const node of byStart) {
    const up = parent[node];
    if (up < 0) {
      tree.place[node] = tree.tops.length;
      tree.tops.push(node);
      continue;
    }
    tree.place[node] = next[up] - from[up];
    children[next[up]] = node;
    next[up] += 1;
  }
  Object.assign(tree, { from, children });
}

// Preorder and the place of each node in it, depth, and weight (a node with everything under it).
function walk(tree) {
  const { size, from, children, parent } = tree;
  const order = new Int32Array(size);
  const depth = new Int32Array(size);
  const rank = new Int32Array(size);
  const weight = new Int32Array(size).fill(1);
  const stack = tree.tops.slice().reverse();
  for (let at = 0; stack.length; at += 1) {
    const node = stack.pop();
    order[at] = node;
    rank[node] = at;
    for (let child = from[node + 1] - 1; child >= from[node]; child -= 1) {
      depth[children[child]] = depth[node] + 1;
      stack.push(children[child]);
    }
  }
  for (let at = size - 1; at >= 0; at -= 1) if (parent[order[at]] >= 0) weight[parent[order[at]]] += weight[order[at]];
  Object.assign(tree, { order, rank, depth, weight });
}

// bad: failed. origin: failed, and nothing under it did. badUnder: failures below. lastBad: place of its last failed child.
function markErrors(tree) {
  const { spans, size, order, parent, place, type } = tree;
  const bad = new Uint8Array(size);
  const origin = new Uint8Array(size);
  const badUnder = new Int32Array(size);
  const lastBad = new Int32Array(size).fill(-1);
  for (let at = size - 1; at >= 0; at -= 1) {
    const node = order[at];
    if (type[node] === SPAN) bad[node] = spans.status[node] === STATUS_ERROR ? 1 : 0;
    else if (type[node] === ATTEMPTS) bad[node] = bad[tree.children[tree.from[node + 1] - 1]];
    origin[node] = bad[node] && type[node] === SPAN && badUnder[node] === 0 ? 1 : 0;
    const up = parent[node];
    if (up < 0) continue;
    badUnder[up] += badUnder[node] + (bad[node] && type[node] === SPAN ? 1 : 0);
    if (bad[node]) lastBad[up] = Math.max(lastBad[up], place[node]);
  }
  Object.assign(tree, { bad, origin, badUnder, lastBad });
}

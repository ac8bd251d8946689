// The list of traces: more rows when its end comes near, new and changed rows after a hint, j and k from row to row.
//
// New rows slide in at the top while nobody reads further down; else they wait behind a pill, so that what is read stays
// where it is. Changed rows are replaced in place. When more came than one pull brings, the list begins anew.
import { el, icon, on } from "../waterfall/dom.js";
import { pacer } from "../pace.js";
import { arrivals, beginsAnew, placeFor } from "../traces/arrivals.js";

const NEAR = "600px";       // how close to the end more rows are asked for
const AGAIN = 50;           // rows still running that are asked for anew at once

export function attach(list) {
  const rows = list.querySelector("[data-rows]");
  const pill = list.querySelector("[data-pill]");
  const foot = list.querySelector("[data-foot]");
  const none = list.querySelector("[data-none]");
  const waiting = new Map();          // id → row not shown yet
  let behind = false;                 // more is new than wait: the list is to begin anew

  const all = () => [...rows.querySelectorAll("tr[data-trace]")];
  const rowOf = (id) => rows.querySelector(`tr[data-trace="${CSS.escape(id)}"]`);
  const startOf = (row) => BigInt(row.dataset.start);

  // -- live ---------------------------------------------------------------
  async function pull() {
    if (document.hidden || document.querySelector("[data-live-state]")?.dataset.liveState === "paused") return true;
    const [newest, again] = await Promise.all([ask(list.dataset.url, { whole: true }), askAgain()]);
    take(newest);
    for (const row of again) replace(row);
    return true;
  }

  async function askAgain() {
    const open = all().slice(AGAIN).filter((row) => row.dataset.status === "running").slice(0, AGAIN);
    return open.length ? ask(`${list.dataset.url}&ids=${open.map((row) => row.dataset.trace).join(",")}`) : [];
  }

  function take(page) {
    const pulled = page.filter((row) => row.dataset.trace);
    const shown = all();
    const seqs = new Map([...shown, ...waiting.values()].map((row) => [row.dataset.trace, Number(row.dataset.seq)]));
    const floor = shown.length && rows.querySelector("[data-next]") ? startOf(shown[shown.length - 1]) : null;
    const byId = new Map(pulled.map((row) => [row.dataset.trace, row]));
    const { fresh, changed } = arrivals(pulled.map((row) => ({ id: row.dataset.trace, seq: Number(row.dataset.seq), start: startOf(row) })), seqs, floor);
    for (const id of changed) {
      if (waiting.has(id)) waiting.set(id, byId.get(id));
      else replace(byId.get(id));
    }
    behind ||= beginsAnew({ pulled: pulled.length, fresh: fresh.length, known: seqs.size });
    if (behind) waiting.clear();
    else for (const id of fresh) waiting.set(id, byId.get(id));
    if (!reading()) {
      if (behind) beginAnew(page);
      else showWaiting();
    }
    tellWaiting();
  }

  function beginAnew(page) {
    behind = false;
    rows.replaceChildren(...page);
    none.hidden = all().length > 0;
    watch();
  }

  function replace(row) {
    const old = rowOf(row.dataset.trace);
    if (!old || old.dataset.seq === row.dataset.seq) return;
    const focused = old.contains(document.activeElement);
    old.replaceWith(row);
    if (focused) row.querySelector("a").focus({ preventScroll: true });
  }

  function showWaiting() {
    for (const row of waiting.values()) {
      const shown = all();
      row.dataset.fresh = "";
      rows.insertBefore(row, shown[placeFor(startOf(row), shown.map(startOf))] ?? rows.querySelector("[data-next]"));
    }
    waiting.clear();
    none.hidden = all().length > 0;
  }

  function tellWaiting() {
    pill.hidden = waiting.size === 0 && !behind;
    pill.querySelector("[data-pill-word]").textContent = behind ? "Many new" : `${waiting.size} new`;
  }

  const reading = () => list.getBoundingClientRect().top < 0 || rows.contains(document.activeElement);

  const pillClicked = () => {
    if (behind) pace.hint();
    else showWaiting();
    tellWaiting();
    list.scrollIntoView({ block: "nearest" });
    if (list.getBoundingClientRect().top < 0) window.scrollTo({ top: window.scrollY + list.getBoundingClientRect().top - 80 });
  };

  // -- more ---------------------------------------------------------------
  let loading = false;
  async function more() {
    const next = rows.querySelector("[data-next]");
    if (!next || loading) return;
    loading = true;
    foot.replaceChildren();
    try {
      const found = await ask(`${list.dataset.url}&cursor=${encodeURIComponent(next.dataset.next)}`, { whole: true });
      const known = new Set(all().map((row) => row.dataset.trace));
      next.replaceWith(...found.filter((row) => !known.has(row.dataset.trace)));
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      foot.replaceChildren(el("span", { class: "line" }, icon("s-error"), "More traces could not be loaded.",
        el("button", { class: "button", type: "button", "data-size": "s", onclick: more }, icon("retry"), "Try again")));
      return;
    } finally {
      loading = false;
    }
    watch();
  }

  const ends = new IntersectionObserver((seen) => { if (seen.some((entry) => entry.isIntersecting)) more(); }, { rootMargin: NEAR });
  function watch() {
    ends.disconnect();
    const next = rows.querySelector("[data-next]");
    if (next) ends.observe(next);
  }

  // -- keys ---------------------------------------------------------------
  const pressed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (event.key === "f") {
      document.querySelector("[data-query]").select();
      event.preventDefault();
    }
    const by = { j: 1, k: -1 }[event.key];
    if (!by) return;
    const links = all().map((row) => row.querySelector("a"));
    const at = links.indexOf(document.activeElement);
    const link = links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + by))];
    link?.focus({ preventScroll: true });
    link?.closest("tr").scrollIntoView({ block: "nearest" });
  };
  const focused = (event) => {
    for (const row of rows.querySelectorAll('[aria-selected="true"]')) row.removeAttribute("aria-selected");
    event.target.closest("tr[data-trace]")?.setAttribute("aria-selected", "true");
  };

  const pace = pacer(() => pull().catch((error) => {
    if (!(error instanceof Failed)) throw error;
    return false;
  }), { rest: 1000 });
  const shown = () => { if (!document.hidden) pace.hint(); };
  const scrolled = () => {
    if (reading()) return;
    if (behind) pace.hint();
    else if (waiting.size) {
      showWaiting();
      tellWaiting();
    }
  };
  const stops = [
    on(document, "ecoa:hint", pace.hint), on(document, "visibilitychange", shown), on(document, "keydown", pressed),
    on(rows, "focusin", focused), on(pill, "click", pillClicked),
    on(window, "scroll", scrolled, { passive: true }),
  ];
  watch();
  return () => {
    pace.stop();
    ends.disconnect();
    stops.forEach((stop) => stop());
  };
}

class Failed extends Error {}

// The rows of an answer; with `whole`, also the one that says where to go on.
async function ask(url, { whole = false } = {}) {
  const response = await fetch(url, { headers: { Accept: "text/html" } }).catch(() => { throw new Failed(url); });
  if (response.redirected || response.status === 404) window.location.reload();
  if (!response.ok) throw new Failed(url);
  const table = document.createElement("template");
  table.innerHTML = await response.text();        // our own server's template, escaped there
  return [...table.content.querySelectorAll(whole ? "tr" : "tr[data-trace]")];
}

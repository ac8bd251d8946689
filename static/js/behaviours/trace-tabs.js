// The views of one trace: which one is shown stands in the address (?tab=); the others than the waterfall are loaded when they are opened.
import { count } from "../format.js";
import { pacer } from "../pace.js";
import { el, icon, on } from "../waterfall/dom.js";
import { Unanswered } from "../waterfall/source.js";

const SHOWN_CHARACTERS = 300_000;      // of the raw JSON; the rest is in the download

export function attach(page) {
  const tabs = [...page.querySelectorAll("[data-view]")];
  const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls"));
  const tools = page.querySelector(".trace-tools");
  const loaders = { conversation: loadConversation, log: loadLog, raw: loadRaw };
  let current = null;

  function show(name) {
    const chosen = tabs.find((tab) => tab.dataset.view === name) ?? tabs[0];
    current = chosen.dataset.view;
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      panelOf(tab).hidden = tab !== chosen;
    }
    tools.hidden = current !== "waterfall";
    load();
  }

  function load() {
    const chosen = tabs.find((tab) => tab.dataset.view === current);
    return loaders[current]?.(panelOf(chosen));
  }

  function go(name) {
    if (name === current) return;
    const url = new URL(location.href);
    if (name === tabs[0].dataset.view) url.searchParams.delete("tab");
    else url.searchParams.set("tab", name);
    history.pushState(null, "", url);
    show(name);
  }

  const clicked = (event) => {
    const tab = event.target.closest("[data-view]");
    if (tab) go(tab.dataset.view);
  };
  const pressed = (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = tabs.indexOf(document.activeElement);
    if (!by || at < 0) return;
    const next = tabs[(at + by + tabs.length) % tabs.length];
    go(next.dataset.view);
    next.focus();
    event.preventDefault();
  };
  const restore = () => show(new URLSearchParams(location.search).get("tab"));
  const pace = pacer(async () => { if (!document.hidden && !paused()) await load(); }, { rest: 1000 });
  const hinted = () => { if (current === "log" || current === "conversation") pace.hint(); };
  const stops = [on(page, "click", clicked), on(page, "keydown", pressed), on(window, "popstate", restore), on(document, "ecoa:hint", hinted)];
  restore();
  return () => {
    pace.stop();
    stops.forEach((stop) => stop());
  };
}

const paused = () => document.querySelector("[data-live-state]")?.dataset.liveState === "paused";
const transcripts = new WeakMap();

async function loadConversation(panel) {
  await filled(panel, async () => {
    const { Transcript } = await import("../conversation/view.js");
    if (!transcripts.has(panel)) transcripts.set(panel, new Transcript(panel));
    await transcripts.get(panel).load();
  });
}

async function loadLog(panel) {
  await filled(panel, async () => {
    const text = await answer(panel.dataset.url, "text/html");
    await window.htmx.swap({ text, target: panel, sourceElement: panel, swap: "innerMorph" });
  });
}

async function loadRaw(panel) {
  if (panel.dataset.loaded) return;
  await filled(panel, async () => {
    const text = JSON.stringify(JSON.parse(await answer(panel.dataset.url, "application/json")), null, 2);
    const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    const cut = text.length > SHOWN_CHARACTERS;
    panel.dataset.loaded = "";
    panel.replaceChildren(
      el("p", { class: "line raw-head" }, el("a", { class: "button", "data-size": "s", href: address, download: panel.dataset.name }, icon("download"), "Download"),
        el("span", { class: "dim" }, `${count(text.length)} characters${cut ? ", the first of them shown" : ""}`)),
      el("pre", { class: "code raw", tabindex: 0 }, cut ? `${text.slice(0, SHOWN_CHARACTERS)}\n…` : text));
  });
}

async function filled(panel, fill) {
  if (!panel.childElementCount) panel.replaceChildren(...["80", "60", "70"].map((width) => el("span", { class: "bone", "data-w": width })));
  try {
    await fill();
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    const retry = el("button", { class: "button", type: "button", "data-size": "s", onclick: () => filled(panel, fill) }, icon("retry"), "Try again");
    panel.replaceChildren(el("div", { class: "failed" }, el("div", { class: "note", "data-state": "bad", role: "alert" }, icon("s-error"),
      el("div", {}, el("p", {}, el("b", {}, "This could not be loaded.")), el("p", { class: "dim" }, error.message), el("p", { class: "line" }, retry)))));
  }
}

async function answer(url, type) {
  const response = await fetch(url, { headers: { Accept: type } }).catch(() => {
    throw new Unanswered("The server does not answer.");
  });
  if (!response.ok || response.redirected) throw new Unanswered(`The server answered ${response.status}.`);
  return response.text();
}

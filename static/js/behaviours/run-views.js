// A run's history, waterfall and session: which one is shown stands in the address (?view=). The waterfall is made when
// it is first looked at, the history follows the run.

import { pacer } from "../pace.js";
import { on } from "../waterfall/dom.js";

export function attach(place) {
  const tabs = [...place.querySelectorAll("[data-view]")];
  const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls"));
  let current = null;

  function show(name) {
    current = tabs.find((tab) => tab.dataset.view === name) ?? tabs[0];
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab === current));
      tab.tabIndex = tab === current ? 0 : -1;
      panelOf(tab).hidden = tab !== current;
    }
    const late = panelOf(current).querySelector("template[data-late]");
    if (late) late.replaceWith(late.content.cloneNode(true));
    pace.hint();
  }

  async function load() {
    const panel = panelOf(current);
    if (!panel.dataset.url || document.hidden || paused()) return true;
    const response = await fetch(panel.dataset.url).catch(() => null);
    if (!response?.ok || response.redirected) return false;
    const open = [...panel.querySelectorAll("details[open]")];
    await window.htmx.swap({ text: await response.text(), target: panel, sourceElement: panel, swap: "innerMorph" });
    for (const details of open) details.open = true;
    return true;
  }

  function go(tab) {
    const url = new URL(location.href);
    url.searchParams.set("view", tab.dataset.view);
    history.replaceState(null, "", url);
    show(tab.dataset.view);
  }

  const clicked = (event) => {
    const tab = event.target.closest("[data-view]");
    if (tab) go(tab);
  };
  const pressed = (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = tabs.indexOf(document.activeElement);
    if (!by || at < 0) return;
    const next = tabs[(at + by + tabs.length) % tabs.length];
    go(next);
    next.focus();
    event.preventDefault();
  };
  const pace = pacer(load, { rest: 1000 });
  const stops = [on(place, "click", clicked), on(place, "keydown", pressed), on(document, "ecoa:hint", pace.hint)];
  show(new URLSearchParams(location.search).get("view"));
  return () => {
    pace.stop();
    stops.forEach((stop) => stop());
  };
}

const paused = () => document.querySelector("[data-live-state]")?.dataset.liveState === "paused";

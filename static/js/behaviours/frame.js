// What every page can do: fold the rail, open the drawer, choose a theme, search, list the keys, keep the live socket.

import { remember } from "../cookies.js";
import { listenForKeys } from "../keys.js";
import { startLive } from "../live.js";
import { setTheme } from "../theme.js";
import { showLiveState } from "../live_state.js";

export function attach(body) {
  const acts = {
    rail: toggleRail,
    drawer: toggleDrawer,
    theme: (from) => setTheme(from.dataset.value),
    search: () => void focusSearch(),
    keys: () => showKeys(body),
    retry: () => window.location.reload(),
  };
  const clicked = (event) => {
    const from = event.target.closest("[data-act]");
    if (from && Object.hasOwn(acts, from.dataset.act)) acts[from.dataset.act](from);
  };
  body.addEventListener("click", clicked);
  body.addEventListener("focusout", closeSearch);
  const stopKeys = listenForKeys({
    search: focusSearch,
    help: () => showKeys(body),
    earlier: () => follow('.range [aria-label="Earlier"]'),
    later: () => follow('.range a[aria-label="Later"]'),
    go: (key) => follow(`.rail-item[data-key="${CSS.escape(key)}"]`),
  });
  if (body.dataset.project) remember("ecoa_project", body.dataset.project);
  const stopLive = body.dataset.project ? keepLive(body) : () => {};
  return () => {
    body.removeEventListener("click", clicked);
    body.removeEventListener("focusout", closeSearch);
    stopKeys();
    stopLive();
  };
}

function toggleRail() {
  const page = document.documentElement;
  page.dataset.rail = page.dataset.rail === "icons" ? "wide" : "icons";
  remember("ecoa_rail", page.dataset.rail);
}

function toggleDrawer() {
  const app = document.querySelector(".app");
  const open = app.toggleAttribute("data-drawer");
  document.querySelector('[data-act="drawer"][aria-controls]').setAttribute("aria-expanded", String(open));
  if (open) app.querySelector(".rail-item")?.focus();
}

function focusSearch() {
  const input = document.querySelector("[data-search] input");
  if (!input) return false;
  input.closest("[data-search]").toggleAttribute("data-open", true);
  input.focus();
  input.select();
  return true;
}

// On a phone the search box is there only while it has the focus.
function closeSearch(event) {
  event.target.closest("[data-search]")?.removeAttribute("data-open");
}

function showKeys(body) {
  const dialog = body.querySelector("[data-keys-dialog]");
  if (!dialog || dialog.open) return false;
  dialog.showModal();
  return true;
}

function follow(selector) {
  const link = document.querySelector(selector);
  if (!link) return false;
  link.click();
  return true;
}

function keepLive(body) {
  const button = body.querySelector("[data-live-state]");
  const live = startLive(body.dataset.project, { onState: (state) => showLiveState(body, state) });
  button?.addEventListener("click", live.toggle);
  const leaving = () => live.stop();
  window.addEventListener("pagehide", leaving);
  return () => {
    button?.removeEventListener("click", live.toggle);
    window.removeEventListener("pagehide", leaving);
    live.stop();
  };
}

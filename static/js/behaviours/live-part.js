// The live part of a page: pulled again after a hint and morphed in, so that focus, scroll and open menus stay.
// <div data-behaviour="live-part" data-url="?part=live">; data-every pulls without hints too, in seconds.

import { pacer } from "../pace.js";

export function attach(place) {
  let aborter = null;
  let due = false;

  async function pull() {
    if (document.hidden || paused()) {
      due = true;
      return true;
    }
    due = false;
    aborter = new AbortController();
    const answer = await ask(place.dataset.url, aborter.signal);
    if (answer === null || !place.isConnected) return !place.isConnected;
    const open = place.querySelectorAll("details[open]");       // the reader's doing, of which the server knows nothing
    await window.htmx.swap({ text: answer, target: place, sourceElement: place, swap: "innerMorph" });
    for (const details of open) details.open = true;
    place.dispatchEvent(new CustomEvent("ecoa:pulled", { bubbles: true }));
    return true;
  }

  const pace = pacer(pull, { rest: 1000 });
  const shown = () => {
    if (!document.hidden && due) pace.hint();
  };
  const every = Number(place.dataset.every ?? 0) * 1000;
  const timer = every ? window.setInterval(pace.hint, every) : 0;
  document.addEventListener("ecoa:hint", pace.hint);
  document.addEventListener("visibilitychange", shown);
  return () => {
    pace.stop();
    aborter?.abort();
    window.clearInterval(timer);
    document.removeEventListener("ecoa:hint", pace.hint);
    document.removeEventListener("visibilitychange", shown);
  };
}

const paused = () => document.querySelector("[data-live-state]")?.dataset.liveState === "paused";

// Null when there is nothing to show: the socket's state already tells a reader that the server is away.
async function ask(url, signal) {
  try {
    const response = await fetch(url, { signal, headers: { "X-Requested-With": "fetch" } });
    if (response.redirected || response.status === 403 || response.status === 404) {
      window.location.reload(); // signed out, or no longer a member: the page itself says so
      return null;
    }
    return response.ok ? await response.text() : null;
  } catch (error) {
    if (error instanceof TypeError || error.name === "AbortError") return null;
    throw error;
  }
}

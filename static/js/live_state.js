// The Live button and the line under the top bar: honest words about the connection.

import { clock } from "./format.js";

const WORDS = { live: "Live", reconnecting: "Reconnecting", paused: "Paused" };
const BANNER_AFTER_MS = 5000; // a short hiccup needs no banner
let since = null;
let timer = 0;

export function showLiveState(body, state) {
  const button = body.querySelector("[data-live-state]");
  if (button) {
    button.dataset.liveState = state;
    button.setAttribute("aria-checked", String(state !== "paused"));
    button.querySelector("[data-live-word]").textContent = WORDS[state];
  }
  window.clearTimeout(timer);
  if (state === "live") {
    since = null;
    banner(body, "");
    return;
  }
  since ??= new Date();
  timer = window.setTimeout(() => banner(body, state), state === "paused" ? 0 : BANNER_AFTER_MS);
}

function banner(body, state) {
  const place = body.querySelector("[data-connection]");
  if (!place) return;
  place.hidden = !state;
  if (!state) return;
  const at = clock(since, "second");
  place.dataset.state = state === "paused" ? "quiet" : "";
  place.querySelector(".live").dataset.state = state;
  place.querySelector("[data-connection-word]").textContent =
    state === "paused" ? `Paused at ${at}. The page changes again when it is live.` : `Reconnecting. What you see is from ${at}.`;
}

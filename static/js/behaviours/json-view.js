// A value that is loaded when its fold is opened, and drawn as a tree; the whole of it can be saved.

import { el, icon, on } from "../waterfall/dom.js";
import { count } from "../format.js";
import { tree } from "../value/json.js";

const MOST = 2_000_000;     // characters drawn as a tree; more is only offered as a file

export function attach(details) {
  const place = details.querySelector("[data-json]");
  let address = "";

  async function load() {
    if (!details.open || place.childElementCount) return;
    place.replaceChildren(el("span", { class: "bone", "data-w": "80" }));
    const response = await fetch(details.dataset.url, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!response?.ok || response.redirected) {
      place.replaceChildren(el("p", { class: "json-foot" }, "This could not be loaded.", el("button", { class: "button", type: "button", "data-size": "s", onclick: again }, icon("retry"), "Try again")));
      return;
    }
    const text = await response.text();
    place.replaceChildren(el("div", { class: "json", tabindex: 0, role: "group" }, drawn(text)));
    if (text.length > 2000) {
      address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
      place.append(el("p", { class: "json-foot" }, el("a", { href: address, download: details.dataset.name }, "Download"), `${count(text.length)} characters`));
    }
  }

  function again() {
    place.replaceChildren();
    load();
  }

  const stop = on(details, "toggle", load);
  load();
  return () => {
    stop();
    if (address) URL.revokeObjectURL(address);
  };
}

function drawn(text) {
  if (text.length > MOST) return el("span", { class: "json-string" }, `${text.slice(0, 4000)}…`);
  return tree(JSON.parse(text));
}

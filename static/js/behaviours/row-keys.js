// A table by keys: j and k move from row to row by their first links, Enter opens.

import { on } from "../waterfall/dom.js";
import { moved } from "../review/keys.js";

export function attach(place) {
  const pressed = (event) => {
    const by = { j: 1, k: -1 }[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select")) return;
    const links = [...place.querySelectorAll("tbody tr")].map((row) => row.querySelector("a[href]")).filter(Boolean);
    links[moved(links.indexOf(document.activeElement), by, links.length)]?.focus();
  };
  return on(document, "keydown", pressed);
}

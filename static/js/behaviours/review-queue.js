// The queue by keys: j and k move, Enter opens; a, e, r and c open with that in hand.

import { on } from "../waterfall/dom.js";
import { moved, reviewAct } from "../review/keys.js";

const TYPING = "input, textarea, select, [contenteditable]";

export function attach(place) {
  const links = () => [...place.querySelectorAll("[data-review]")];
  let held = null;

  const pressed = (event) => {
    if (document.querySelector("dialog[open]")) return;
    const act = reviewAct(event, { typing: event.target.closest?.(TYPING) != null });
    const all = links();
    const at = all.findIndex((link) => link === document.activeElement || link.dataset.review === held);
    if (act === "next" || act === "previous") {
      const link = all[moved(at, act === "next" ? 1 : -1, all.length)];
      held = link?.dataset.review ?? null;
      link?.focus();
      event.preventDefault();
    } else if (["approve", "edit", "reject", "claim"].includes(act) && all[at]) {
      location.assign(`${all[at].href}#${act}`);
      event.preventDefault();
    }
  };
  const pulled = () => {       // the chosen one stays chosen while the list moves under it
    if (held && document.activeElement === document.body) links().find((link) => link.dataset.review === held)?.focus({ preventScroll: true });
  };
  const stops = [on(document, "keydown", pressed), on(place, "ecoa:pulled", pulled)];
  return () => stops.forEach((stop) => stop());
}

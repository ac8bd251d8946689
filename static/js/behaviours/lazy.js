// A fold whose inside is loaded when it is opened, and again when data-version has changed meanwhile.

import { on } from "../waterfall/dom.js";

export function attach(details) {
  const place = details.querySelector("[hx-morph-skip-children]");
  let loaded = "";

  async function load() {
    const version = details.dataset.version ?? "only";
    if (!details.open || loaded === version) return;
    const response = await fetch(details.dataset.url).catch(() => null);
    if (!details.isConnected) return;
    if (!response?.ok || response.redirected) {
      place.textContent = "This could not be loaded. Fold it and open it again.";
      return;
    }
    loaded = version;
    await window.htmx.swap({ text: await response.text(), target: place, sourceElement: place, swap: "innerHTML" });
  }

  const stops = [on(details, "toggle", load), on(document, "ecoa:pulled", load)];
  load();
  return () => stops.forEach((stop) => stop());
}

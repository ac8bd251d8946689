// <figure hx-morph-skip data-behaviour="chart" data-chart="ID"> draws the figure that stands as JSON in the element ID:
// again when a pull changed it, when the colours change and when there is more or less room. data-zoom: a dragged span
// of time becomes the page's range.

import { clear, draw } from "../charts.js";
import { onThemeChange } from "../theme.js";

export function attach(place) {
  const plot = document.createElement("div");
  plot.className = "plot-area";
  place.append(plot);
  let shown = "";

  async function show({ anew = false } = {}) {
    const json = document.getElementById(place.dataset.chart)?.textContent ?? "";
    if (!json || json === "{}" || (json === shown && !anew)) return;
    const first = shown === "";
    shown = json;
    await draw(plot, JSON.parse(json));
    if (first && "zoom" in place.dataset) plot.on("plotly_relayout", zoomed);
  }

  const redraw = () => show({ anew: true });
  const pulled = () => show();
  const sizes = new ResizeObserver(redraw);
  sizes.observe(place);
  const stopTheme = onThemeChange(redraw);
  document.addEventListener("ecoa:pulled", pulled);
  return () => {
    sizes.disconnect();
    stopTheme();
    document.removeEventListener("ecoa:pulled", pulled);
    clear(plot);
    plot.remove();
  };
}

// The figure's times are the reader's clock.
function zoomed(change) {
  const [from, to] = [change["xaxis.range[0]"], change["xaxis.range[1]"]].map((at) => new Date(at));
  if (Number.isNaN(from.getTime()) || Number.isNaN(to.getTime())) return;
  const query = new URLSearchParams(window.location.search);
  query.delete("range");
  query.set("start", `${from.toISOString().slice(0, 19)}Z`);
  query.set("end", `${to.toISOString().slice(0, 19)}Z`);
  window.location.search = query.toString();
}

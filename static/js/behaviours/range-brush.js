// Dragging over a chart of time zooms the page's range: <div data-behaviour="range-brush" data-start data-end> (Unix ms)
// around an [data-brush] svg as wide as the range.
import { on, svg } from "../waterfall/dom.js";

const LEAST_PIXELS = 5;     // less is a click
const LEAST_MS = 1000;

export function attach(plot) {
  const box = svg("rect", { class: "brush", y: 0, height: 64 });
  let from = null;

  const chart = () => plot.querySelector("[data-brush]");
  const xOf = (event) => {
    const { left, width } = chart().getBoundingClientRect();
    return { x: Math.min(width, Math.max(0, event.clientX - left)), width };
  };
  const timeOf = ({ x, width }) => Number(plot.dataset.start) + (x / width) * (Number(plot.dataset.end) - Number(plot.dataset.start));

  const pressed = (event) => {
    if (event.button !== 0 || !event.target.closest("[data-brush]")) return;
    event.preventDefault();
    from = xOf(event);
    plot.setPointerCapture(event.pointerId);
  };
  const moved = (event) => {
    if (!from) return;
    const to = xOf(event);
    if (box.parentNode !== chart()) chart().append(box);
    box.setAttribute("x", Math.min(from.x, to.x));
    box.setAttribute("width", Math.abs(to.x - from.x));
  };
  const released = (event) => {
    if (!from) return;
    const [a, b] = [from, xOf(event)].sort((one, other) => one.x - other.x);
    from = null;
    box.remove();
    if (b.x - a.x >= LEAST_PIXELS) zoom(timeOf(a), timeOf(b));
  };
  const cancelled = () => {
    from = null;
    box.remove();
  };
  const escaped = (event) => { if (event.key === "Escape" && from) cancelled(); };

  const stops = [
    on(plot, "pointerdown", pressed), on(plot, "pointermove", moved), on(plot, "pointerup", released),
    on(plot, "pointercancel", cancelled), on(document, "keydown", escaped),
  ];
  return () => stops.forEach((stop) => stop());
}

function zoom(from, to) {
  const start = Math.floor(from / 1000) * 1000;
  const end = Math.max(Math.ceil(to / 1000) * 1000, start + LEAST_MS);
  const url = new URL(location.href);
  for (const name of ["range", "part", "cursor"]) url.searchParams.delete(name);
  url.searchParams.set("start", stamp(start));
  url.searchParams.set("end", stamp(end));
  location.assign(url);
}

const stamp = (ms) => new Date(ms).toISOString().replace(".000Z", "Z");

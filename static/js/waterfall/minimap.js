// The whole trace above the lanes, and the window on it: drag beside it to choose a stretch, drag it to pan, its edges to
// widen or narrow it.
import { on, set, svg } from "./dom.js";
import { minimapPaths } from "./minimap-paths.js";

const HEIGHT = 40;
const GRIP = 6;

export class Minimap {
  constructor(host, { axis, changed }) {
    this.axis = axis;
    this.changed = changed;
    this.paths = { parent: svg("path", { class: "vol" }), leaf: svg("path", { class: "vol-2" }), bad: svg("path", { class: "vol-bad" }) };
    this.window = svg("rect", { class: "mini-window", y: 0.5, height: HEIGHT - 1 });
    this.grips = [0, 1].map(() => svg("rect", { class: "mini-grip", y: 12, width: 4, height: 16, rx: 2 }));
    this.svg = svg("svg", { class: "mini-map", height: HEIGHT, role: "img", "aria-label": "The whole trace. Drag to zoom." }, ...Object.values(this.paths), this.window, ...this.grips);
    host.append(this.svg);
    this.stop = [on(this.svg, "pointerdown", (event) => this.#press(event)), on(this.svg, "dblclick", () => this.#show(0, 1))];
  }

  /** Draw the spans anew. */
  drawSpans(tree, now) {
    const { domain, map, width } = this.axis;
    const x = (t) => ((map.toU(t) - domain.from) / (domain.to - domain.from)) * width;
    const paths = minimapPaths(tree, { width, height: HEIGHT - 2, now, x });
    for (const [name, path] of Object.entries(this.paths)) set(path, "d", paths[name] || null);
  }

  drawWindow() {
    const { from, to } = this.axis.share();
    const { width } = this.axis;
    set(this.window, "x", (from * width + 0.5).toFixed(1));
    set(this.window, "width", Math.max((to - from) * width - 1, 3).toFixed(1));
    set(this.grips[0], "x", (from * width - 1).toFixed(1));
    set(this.grips[1], "x", (to * width - 3).toFixed(1));
  }

  #press(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    const share = this.axis.share();
    const at = this.#shareAt(event);
    const near = GRIP / Math.max(this.axis.width, 1);
    const zoomed = share.to - share.from < 0.999;
    const drag = Math.abs(at - share.from) < near ? (to) => [to, share.to]
      : Math.abs(at - share.to) < near ? (to) => [share.from, to]
        : zoomed && at > share.from && at < share.to ? (to) => [share.from + to - at, share.to + to - at]
          : (to) => [at, to];
    this.svg.setPointerCapture(event.pointerId);
    const moved = (move) => {
      const [a, b] = drag(this.#shareAt(move));
      if (Math.abs(b - a) > 0.002) this.#show(Math.min(a, b), Math.max(a, b));
    };
    const stopMoves = on(this.svg, "pointermove", moved);
    const done = () => { stopMoves(); stopUp(); stopCancel(); };
    const stopUp = on(this.svg, "pointerup", done);
    const stopCancel = on(this.svg, "pointercancel", done);
  }

  #shareAt(event) {
    const box = this.svg.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / Math.max(box.width, 1)));
  }

  #show(from, to) {
    this.axis.showShare(from, to);
    this.changed();
  }

  detach() {
    for (const stop of this.stop) stop();
    this.svg.remove();
  }
}

// The time axis of the lanes: what of the trace is in view, and where a time lies in pixels. Pure.
import { clampView, extent, isGrowing, longWaits, panView, squeeze, viewOf, zoomView } from "./scale.js";

const AIR = 0.1;            // right of the last end, for its label,
const AIR_PIXELS = 76;      // which needs so much
const MOST_AIR = 0.4;
const GROWTH = 0.3;         // while spans grow, so that the axis does not move with every frame

export class Axis {
  constructor() {
    this.width = 0;
    this.squeezes = true;
    this.domain = { from: 0, to: 1 };
    this.view = this.domain;
    this.fitted = true;             // the view follows the domain
    this.map = squeeze([], { start: 0, end: 1 });
  }

  /** Take in a tree, or the same tree at a later moment. */
  follow(tree, now) {
    const whole = extent(tree, now);
    this.start = whole.start;
    this.end = whole.end;
    this.growing = isGrowing(tree);
    this.waits = longWaits(tree, { ...whole, now });
    this.#place();
  }

  resize(width) {
    this.width = width;
    if (this.waits) this.#place();
  }

  setSqueeze(squeezes) {
    this.squeezes = squeezes;
    this.fitted = true;
    this.#place();
  }

  x(t) {
    return ((this.map.toU(t) - this.view.from) / (this.view.to - this.view.from)) * this.width;
  }

  t(x) {
    return this.map.toT(this.u(x));
  }

  u(x) {
    return this.view.from + (x / Math.max(this.width, 1)) * (this.view.to - this.view.from);
  }

  fit() {
    this.fitted = true;
    this.view = this.domain;
  }

  /** Zoom by a factor (under 1: closer) around a pixel. */
  zoom(factor, x) {
    this.#show(zoomView(this.view, { factor, around: this.u(x), domain: this.domain }));
  }

  pan(pixels) {
    const by = (pixels / Math.max(this.width, 1)) * (this.view.to - this.view.from);
    this.#show(panView(this.view, { by, domain: this.domain }));
  }

  /** Show a stretch of time with some air around it. */
  showTimes(from, to) {
    this.#show(viewOf(this.map.toU(from), this.map.toU(to), this.domain));
  }

  /** Show parts of the domain, as fractions of it. */
  showShare(from, to) {
    const length = this.domain.to - this.domain.from;
    this.#show(clampView({ from: this.domain.from + from * length, to: this.domain.from + to * length }, this.domain));
  }

  /** The view as fractions of the domain. */
  share() {
    const length = this.domain.to - this.domain.from;
    return { from: (this.view.from - this.domain.from) / length, to: (this.view.to - this.domain.from) / length };
  }

  #place() {
    this.map = squeeze(this.squeezes ? this.waits : [], this);
    const from = this.map.toU(this.start);
    const length = Math.max(this.map.toU(this.end) - from, 1e-3);
    const air = Math.min(MOST_AIR, Math.max(AIR, AIR_PIXELS / Math.max(this.width - AIR_PIXELS, 1)));
    const held = this.domain.to - from;
    const stays = this.growing && this.domain.from === from && held >= length * (1 + air / 2) && held <= length * (1 + (air + GROWTH) * 2);
    if (!stays) this.domain = { from, to: from + length * (1 + air + (this.growing ? GROWTH : 0)) };
    this.view = this.fitted ? this.domain : clampView(this.view, this.domain);
  }

  #show(view) {
    this.view = view;
    this.fitted = view.to - view.from >= (this.domain.to - this.domain.from) * (1 - 1e-9);
  }
}

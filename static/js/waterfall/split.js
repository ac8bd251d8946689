// Where the critical path spent its time, as one bar with words under it.
import { duration } from "../format.js";
import { el, svg } from "./dom.js";

const WORDS = { llm: "Model", tool: "Tool", retriever: "Retrieval", guardrail: "Checks", human: "Human", own: "Own code", idle: "Idle" };
const HEIGHT = 10;
const LABELLED = 0.005;     // smaller parts are told by the bar alone

/** Draw the parts, as timeByKind() gives them, into a place. */
export function drawSplit(place, parts) {
  const whole = parts.reduce((sum, { ms }) => sum + ms, 0);
  let left = 0;
  const bars = parts.map(({ part, ms }) => {
    const share = (ms / whole) * 100;
    const bar = segment(`${WORDS[part]} ${duration(ms)}`, part, { x: `${left.toFixed(2)}%`, width: `${Math.max(share - 0.2, 0.15).toFixed(2)}%`, y: 0, height: HEIGHT });
    left += share;
    return bar;
  });
  place.replaceChildren(
    svg("svg", { class: "split-bar", height: HEIGHT, role: "img", "aria-label": "Where the critical path spent its time" }, ...bars),
    el("ul", { class: "split-labels" }, ...parts.filter(({ ms }) => ms / whole >= LABELLED).map(({ part, ms }) => el("li", {}, swatch(part), WORDS[part], " ", el("b", {}, duration(ms)), " ", el("span", { class: "dim" }, percentOf(ms / whole))))));
}

function percentOf(share) {
  return `${Math.round(share * 100)}\u00a0%`;
}

function segment(words, part, box) {
  const look = { human: "human-bar", own: "vol-2", idle: "seg-idle" }[part] ?? "kfill";
  return svg("rect", { class: look, "data-kind": look === "kfill" ? part : null, ...box }, svg("title", {}, words));
}

function swatch(part) {
  if (part === "human") return svg("svg", { class: "swatch-svg", width: 10, height: 10, "aria-hidden": "true" }, svg("rect", { class: "human-bar", x: 0.5, y: 0.5, width: 9, height: 9 }));
  return el("i", { class: "swatch", "data-kind": part === "own" || part === "idle" ? null : part, "data-look": part === "idle" ? "idle" : part === "own" ? "self" : null });
}

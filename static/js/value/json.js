// A JSON value as a tree that folds. Long lists and texts are drawn in parts, so that a huge value opens at once.

import { el } from "../waterfall/dom.js";

const OPEN_MEMBERS = 20;      // an object of at most so many members is open at first
const PART = 200;             // members drawn at once
const LONG = 2000;            // characters of a text drawn at once

export function tree(value, { depth = 0 } = {}) {
  if (value === null || typeof value !== "object") return scalar(value);
  const entries = Array.isArray(value) ? value.map((item, index) => [index, item]) : Object.entries(value);
  if (!entries.length) return el("span", { class: "json-word" }, Array.isArray(value) ? "[]" : "{}");
  const size = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  const inside = el("div", {});
  const details = el("details", {}, el("summary", {}, el("span", { class: "json-key" }, size), " ", el("span", { class: "json-key" }, preview(value))), inside);
  const fill = () => {
    if (!inside.childElementCount) more(inside, entries, 0, depth);
  };
  details.addEventListener("toggle", () => details.open && fill());
  if (depth < 2 && entries.length <= OPEN_MEMBERS) {
    fill();
    details.open = true;
  }
  return details;
}

function more(place, entries, from, depth) {
  for (const [key, value] of entries.slice(from, from + PART)) {
    const shown = tree(value, { depth: depth + 1 });
    if (shown.tagName === "DETAILS") shown.firstElementChild.prepend(el("span", { class: "json-key" }, `${key}: `));
    place.append(shown.tagName === "DETAILS" ? shown : el("div", {}, el("span", { class: "json-key" }, `${key}: `), shown));
  }
  if (from + PART >= entries.length) return;
  const button = el("button", { class: "link-button", type: "button" }, `${entries.length - from - PART} more`);
  button.addEventListener("click", () => {
    button.remove();
    more(place, entries, from + PART, depth);
  });
  place.append(button);
}

function scalar(value) {
  if (typeof value !== "string") return el("span", { class: typeof value === "number" ? "json-number" : "json-word" }, String(value));
  if (value.length <= LONG) return el("span", { class: "json-string", dir: "auto" }, JSON.stringify(value));
  const text = el("span", { class: "json-string", dir: "auto" }, JSON.stringify(value.slice(0, LONG)));
  const button = el("button", { class: "link-button", type: "button" }, `… ${value.length - LONG} more characters`);
  button.addEventListener("click", () => {
    text.textContent = JSON.stringify(value);
    button.remove();
  });
  return el("span", {}, text, " ", button);
}

/** The beginning of a value on one line, for where it is folded. */
export function preview(value) {
  const text = Array.isArray(value) ? value.slice(0, 3).map(word).join(", ") : Object.entries(value).slice(0, 3).map(([key, one]) => `${key}: ${word(one)}`).join(", ");
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function word(value) {
  if (Array.isArray(value)) return `[${value.length}]`;
  if (value !== null && typeof value === "object") return "{…}";
  const text = String(value);
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}

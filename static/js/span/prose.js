// Text of messages as elements: text nodes only, whatever it holds.
import { el } from "../waterfall/dom.js";
import { blocksOf } from "./markdown.js";

const CLAMP = 1200;         // characters shown before "Show all"
const RENDERED = 100_000;   // longer texts stay plain

/** A message's text, its Markdown shown, folded when it is longer than `clamp` characters. */
export function prose(text, { clamp = CLAMP } = {}) {
  const body = el("div", { class: "prose", dir: "auto" });
  const whole = () => body.replaceChildren(...(text.length > RENDERED ? [el("pre", { class: "code" }, text)] : blocksOf(text).map(block)));
  if (text.length <= clamp) {
    whole();
    return body;
  }
  body.append(...blocksOf(text.slice(0, clamp)).map(block));
  body.dataset.folded = "";
  const more = el("button", { class: "link-button", type: "button" }, `Show all ${text.length.toLocaleString("en-US")} characters`);
  more.addEventListener("click", () => {
    whole();
    delete body.dataset.folded;
    more.remove();
  });
  return el("div", {}, body, more);
}

function block(part) {
  switch (part.type) {
    case "code": return el("pre", { class: "code" }, part.text);
    case "heading": return el("p", { class: "prose-heading" }, ...part.inline.map(inline));
    case "list": return el(part.ordered ? "ol" : "ul", { start: part.ordered && part.start !== 1 ? part.start : null }, ...part.items.map((item) => el("li", {}, ...item.map(inline))));
    case "quote": return el("blockquote", {}, ...part.inline.map(inline));
    case "rule": return el("hr");
    default: return el("p", {}, ...part.inline.map(inline));
  }
}

function inline(part) {
  switch (part.type) {
    case "code": return el("code", {}, part.text);
    case "strong": return el("strong", {}, part.text);
    case "em": return el("em", {}, part.text);
    case "link": return el("a", { href: part.href, target: "_blank", rel: "noopener noreferrer nofollow" }, part.text);
    default: return part.text;
  }
}

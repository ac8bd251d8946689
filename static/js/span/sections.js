// What the panel's tabs show of one span, apart from its messages.
import { clock, duration } from "../format.js";
import { el, icon } from "../waterfall/dom.js";
import { filterPairs, flatPairs, isSearchable, plain, term } from "./values.js";

/** Exceptions of a span: its error, and each recorded exception with its stack. */
export function exceptions(whole) {
  const recorded = exceptionsOf(whole);
  if (!recorded.length && whole.error) recorded.push({ type: whole.error.type, message: whole.error.message, stack: "" });
  return recorded.map(({ type, message, stack }) => el("section", { class: "exception" },
    el("h3", {}, "Exception", stack ? el("span", { class: "spread" }, copyButton(stack)) : null),
    el("p", { dir: "auto" }, el("b", { class: "is-bad" }, type ?? "Error"), " ", message ?? ""),
    stack ? el("pre", { class: "code", tabindex: 0 }, stack) : null));
}

export function exceptionsOf(whole) {
  return (whole.events ?? []).filter((event) => event.name === "exception").map(({ attributes }) => ({
    type: attributes["exception.type"], message: attributes["exception.message"], stack: attributes["exception.stacktrace"] ?? "",
  }));
}

/** Attributes with a filter, a copy button, and a way to the traces that share a value. */
export function attributes(whole, { tracesUrl }) {
  const pairs = flatPairs(whole.attributes ?? {});
  const sources = new Map(Object.entries(whole.mapping ?? {}).map(([field, key]) => [key, field]));
  const list = el("dl", { class: "attrs" });
  const show = (text) => {
    const found = filterPairs(pairs, text);
    list.replaceChildren(...found.map(([key, value]) => attribute(key, value, { field: sources.get(key), tracesUrl })));
    if (!found.length) list.append(el("p", { class: "dim" }, pairs.length ? "No attribute contains this." : "The span has no attributes."));
  };
  const input = el("input", { class: "find-input", type: "search", placeholder: "Filter keys and values", "aria-label": "Filter attributes", autocomplete: "off" });
  input.addEventListener("input", () => show(input.value));
  show("");
  return el("section", {}, el("label", { class: "find find-wide" }, icon("search"), input), list);
}

function attribute(key, value, { field, tracesUrl }) {
  const traces = isSearchable(key, value) ? el("a", { class: "attr-act", href: `${tracesUrl}?q=${encodeURIComponent(term(`attr.${key}`, value))}` }, "Traces with this value") : null;
  return el("div", {},
    el("dt", { class: "cut", title: field ? `${key}: read as ${field}` : key, "data-field": field ?? null }, key),
    el("dd", {}, el("span", { class: "attr-value", dir: "auto" }, plain(value)), el("span", { class: "attr-acts" }, copyButton(plain(value)), traces)));
}

/** Events of a span in order of time, each with its attributes. */
export function events(whole, { startNs }) {
  return (whole.events ?? []).map((event) => el("section", {},
    el("h3", {}, el("span", { class: "cut", dir: "auto" }, event.name || "(no name)"), el("span", { class: "spread dim" }, `after ${duration(Number(BigInt(event.time_ns) - startNs) / 1e6)}`)),
    pairsList(event.attributes)));
}

/** Links to other spans; those of other traces lead there. */
export function links(whole, { tracesUrl, traceId }) {
  return (whole.links ?? []).map((link) => el("section", {},
    el("h3", {}, link.trace_id === traceId ? "A span of this trace" : "A span of another trace"),
    el("p", { class: "mono" }, el("a", { href: `${tracesUrl}${link.trace_id}/?span=${link.span_id}` }, `${link.trace_id} ${link.span_id}`)),
    pairsList(link.attributes)));
}

export function resource(whole) {
  const scope = whole.scope ?? {};
  return [
    el("section", {}, el("h3", {}, "Resource"), pairsList(whole.resource)),
    el("section", {}, el("h3", {}, "Scope"), pairsList({ name: scope.name, version: scope.version, ...scope.attributes })),
  ];
}

/** The span as JSON. */
export function raw(whole) {
  const text = JSON.stringify(whole, null, 2);
  return [el("section", {}, el("h3", {}, "JSON", el("span", { class: "spread" }, copyButton(text))), el("pre", { class: "code", tabindex: 0 }, text))];
}

/** When and how long, who and what: the facts of a span's row, each with the key that it was read from. */
export function facts(whole) {
  const at = new Date(Number(BigInt(whole.start_ns) / 1_000_000n));
  const shown = [
    ["Started", clock(at, "time")], ["Took", whole.duration_ms === null ? "still running" : duration(whole.duration_ms)],
    ["Own time", whole.self_ms === undefined || whole.self_ms === null ? null : duration(whole.self_ms)], ["First token", whole.ttft_ms === null ? null : duration(whole.ttft_ms), "ttft"],
    ["Service", whole.service, "service"], ["Agent", whole.agent_inherited ? `${whole.agent}, from above` : whole.agent, "agent"], ["Model", whole.model, "model"],
    ["Asked for", whole.request_model, "request_model"], ["Provider", whole.provider, "provider"], ["Tool", whole.tool, "tool"], ["Session", whole.session_id, "session"], ["User", whole.user_id, "user"],
  ].filter(([, value]) => value);
  return el("dl", { class: "dl span-facts" }, ...shown.flatMap(([name, value, field]) => [el("dt", {}, name), fact(value, whole.mapping?.[field])]));
}

function fact(value, key) {
  if (!key) return el("dd", { class: "cut", title: value, dir: "auto" }, value);
  return el("dd", { class: "cut fact-read", tabindex: 0, title: value, dir: "auto" }, value, el("span", { class: "fact-from", dir: "ltr" }, el("span", { class: "sr" }, ", "), "from ", el("span", { class: "mono" }, key)));
}

function pairsList(object) {
  const pairs = flatPairs(object ?? {}).filter(([, value]) => value !== undefined);
  if (!pairs.length) return el("p", { class: "dim" }, "Nothing");
  return el("dl", { class: "attrs" }, ...pairs.map(([key, value]) => el("div", {}, el("dt", { class: "cut", title: key }, key), el("dd", {}, el("span", { class: "attr-value", dir: "auto" }, plain(value))))));
}

function copyButton(text) {
  const button = el("button", { class: "button", type: "button", "data-size": "s", "data-look": "quiet", "data-copy-button": true }, icon("copy"), el("span", {}, "Copy"));
  return el("span", { "data-behaviour": "copy", "data-copy-text": text }, button);
}

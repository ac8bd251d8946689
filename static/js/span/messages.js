// The messages of a span: who said what, tool calls as tables, embedded images as thumbnails. Their one form is described
// in traces/dialects/conversation.py.
import { el, kindIcon } from "../waterfall/dom.js";
import { prose } from "./prose.js";
import { embeddedImage, flatPairs, quoted } from "./values.js";

const SYSTEM_CLAMP = 240;      // it is the same in every call
const ROLES = { system: "System", user: "User", assistant: "Assistant", tool: "Tool result", developer: "Developer" };

/** The messages of a whole span in order. */
export function messages(whole) {
  return said(whole).map((message) => el("section", { class: "message", "data-role": message.role },
    el("h3", {}, ROLES[message.role] ?? String(message.role ?? "Message"), word(message.name), message.finish_reason ? word(`finished: ${message.finish_reason}`) : null),
    ...(message.parts ?? []).map((given) => part(given, message.role))));
}

/** How many messages a span holds. */
export function countOf(whole) {
  return said(whole).length;
}

function said({ messages: { system, input, output } }) {
  return [...(system.length ? [{ role: "system", parts: system }] : []), ...input, ...output];
}

function word(text) {
  return text ? el("span", { class: "dim cut", dir: "auto" }, String(text)) : null;
}

/** One part of a message as an element. */
export function part(given, role) {
  switch (given.type) {
    case "text": return prose(textOf(given.text), role === "system" ? { clamp: SYSTEM_CLAMP } : {});
    case "reasoning": return el("details", { class: "reasoning" }, el("summary", {}, "Reasoning"), prose(textOf(given.text)));
    case "tool_call": return el("details", { open: true }, named(given, "tool"), table(given.arguments ?? {}));
    case "tool_result": return el("div", { class: "tool-result" }, given.name || given.id ? el("p", { class: "line" }, word(given.name), word(given.id)) : null, table(given.result ?? ""));
    case "image": return picture(given);
    case "file": return reference(given, "File");
    default: return code(given.value ?? given);
  }
}

function named({ name, id }) {
  return el("summary", {}, kindIcon("tool"), el("b", { class: "cut", dir: "auto" }, String(name ?? "tool")), id ? el("span", { class: "dim cut mono" }, String(id)) : null);
}

/** Arguments or results as a table of keys and JSON values; what has no keys stands as it is. */
export function table(given) {
  if (typeof given === "string") return given ? prose(given) : el("p", { class: "dim" }, "Nothing");
  if (given === null || typeof given !== "object" || Array.isArray(given)) return code(given);
  const pairs = flatPairs(given);
  if (!pairs.length) return el("p", { class: "dim" }, "Nothing");
  return el("table", { class: "args" }, el("tbody", {}, ...pairs.map(([key, value]) => el("tr", {},
    el("th", { scope: "row", dir: "auto" }, key), el("td", { class: value === null ? "dim" : null, dir: "auto" }, quoted(value))))));
}

// Only what is embedded is shown: nothing is ever fetched from elsewhere.
function picture(given) {
  const image = embeddedImage(given.url) ?? embeddedImage(`data:${given.mime_type ?? ""};base64,${given.data ?? ""}`);
  return image ? el("img", { class: "thumb", src: image, alt: "Image embedded in the message" }) : reference(given, "Image");
}

function reference(given, what) {
  const where = given.name ?? given.file_id ?? given.url ?? (given.data ? `${given.data.length.toLocaleString("en-US")} characters of data` : "");
  return el("p", { class: "dim" }, `${what} ${given.mime_type ?? ""}: ${String(where).slice(0, 300)}`);
}

function textOf(value) {
  return typeof value === "string" ? value : quoted(value);
}

function code(value) {
  return el("pre", { class: "code" }, JSON.stringify(value, null, 2));
}

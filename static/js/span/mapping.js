// Where each field of a span was read from, and what was wrong with what was sent. `readFrom` and `valueOf` are pure.
import { duration } from "../format.js";
import { el, icon } from "../waterfall/dom.js";
import { plain } from "./values.js";

const MEMBERS = { session: "session_id", user: "user_id", ttft: "ttft_ms" };       // fields whose name in the API is another
const WARNINGS = {
  batch_not_kept: "What its sender said is no longer kept, or was damaged.",
  invalid_parent_id: "Its parent id is no id: it is shown as a root.",
  no_start: "It came without a start: its arrival stands for it.",
  start_in_future: "Its start lies in the future: its arrival stands for it.",
  no_end: "It came without an end.",
  end_in_future: "Its end lies in the future.",
  ends_before_start: "It ends before it starts.",
  ttft_exceeds_duration: "Its first token came after its end.",
  reasoning_exceeds_output: "More reasoning tokens than output tokens were told.",
  attributes_cut: "It had more or longer attributes than the row holds; all of them stand under Attributes.",
};

/** How a field's value shows, or null where the API does not hold it by itself. */
export function valueOf(whole, field) {
  if (field === "error_type" || field === "error_message") return whole.error?.[field.slice(6)] ?? null;
  const value = whole[MEMBERS[field] ?? field] ?? null;
  return field === "ttft" && value !== null ? duration(value) : value === null ? null : plain(value);
}

/** The fields in order of their names, each with its value and the key that won: [field, value, key]. */
export function readFrom(whole) {
  return Object.entries(whole.mapping ?? {}).sort(([one], [other]) => (one < other ? -1 : 1)).map(([field, key]) => [field, valueOf(whole, field), key]);
}

/** A warning in words; one that is not known here stands as it came. */
export const inWords = (warning) => WARNINGS[warning] ?? warning;

export const mappingCount = (whole) => Object.keys(whole.mapping ?? {}).length + (whole.warnings?.length ?? 0);

export function mapping(whole) {
  const fields = readFrom(whole);
  return [
    whole.warnings?.length ? el("div", { class: "note", "data-state": "warn" }, icon("s-warn"), el("ul", {}, ...whole.warnings.map((warning) => el("li", { title: warning }, inWords(warning))))) : null,
    fields.length ? el("section", {}, el("h3", {}, "Field", el("span", { class: "spread dim" }, "read from")),
      el("dl", { class: "attrs read-from" }, ...fields.map(([field, value, key]) => el("div", {},
        el("dt", {}, field, value === null ? null : el("span", { class: "read-value", dir: "auto" }, value)), el("dd", {}, el("span", { class: "attr-value" }, key)))))) : null,
  ].filter(Boolean);
}

// A transcript as plain text that is Markdown too, to be pasted elsewhere. Its form is that of the API's
// /traces/{id}/conversation. Pure.
import { duration } from "../format.js";
import { plain } from "../span/values.js";

const ROLES = { system: "System", developer: "System", user: "User", assistant: "Assistant", tool: "Tool" };

/** The whole transcript: a heading, then each entry; agents inside agents are headings one level down. */
export function asText(conversation) {
  const { name, trace_id: trace, calls, all_calls: all } = conversation;
  const head = [`# ${name || "Conversation"}`, `Trace ${trace}${calls < all ? `, the first ${calls} of ${all} model calls` : ""}`];
  return `${[...head, ...linesOf(conversation.entries, 2)].join("\n\n")}\n`;
}

function linesOf(entries, level) {
  return entries.flatMap((entry) => WRITERS[entry.type](entry, level));
}

const WRITERS = {
  message: (entry) => [`**${whoOf(entry)}:**`, ...entry.parts.map(partText)],
  tool: (entry) => [`**${entry.kind === "tool" ? "Tool" : entry.kind === "human" ? "Person" : "Retrieval"}** \`${entry.name ?? "?"}\`${entry.duration_ms === null ? "" : ` (${duration(entry.duration_ms)})`}`, ...toolLines(entry)],
  failure: (entry) => [`**Model call failed:** ${errorText(entry.error)}`],
  earlier: (entry, level) => ["_Earlier in the conversation:_", ...linesOf(entry.entries, level), "_Now:_"],
  agent: (entry, level) => [`${"#".repeat(Math.min(level, 6))} ${entry.agent}`, ...linesOf(entry.entries, level + 1), ...(entry.error ? [`**Failed:** ${errorText(entry.error)}`] : [])],
};

/** Who says a message: the role, and its name where it has one. */
export function whoOf({ role, name }) {
  const word = ROLES[role] ?? String(role);
  return name ? `${word} (${name})` : word;
}

/** An error in words. */
export function errorText(error) {
  return [error?.type, error?.message].filter(Boolean).join(": ") || "no reason given";
}

function toolLines(entry) {
  const lines = entry.arguments === null ? [] : [fenced(entry.arguments)];
  if (entry.answered) lines.push("Result:", fenced(entry.result));
  if (entry.error) lines.push(`Failed: ${errorText(entry.error)}`);
  return lines;
}

function partText(part) {
  const cut = part.cut ? `\n(cut: ${part.cut.toLocaleString("en-US")} characters in all)` : "";
  if (part.type === "text") return plain(part.text) + cut;
  if (part.type === "reasoning") return `${plain(part.text).replace(/^/gm, "> ")}${cut}`;
  if (part.type === "image" || part.type === "file") return `(${part.type}${part.mime_type ? ` ${part.mime_type}` : ""}${part.name || part.file_id || (part.url && !part.url.startsWith("data:")) ? `: ${part.name ?? part.file_id ?? part.url}` : ""})`;
  return fenced(part.value ?? part) + cut;
}

/** A value in a fence that nothing within it can close. */
function fenced(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = "`".repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}

/** A tool's arguments or result on one line: its values, each with its name where there are several. */
export function inShort(value, most = 90) {
  const pairs = value !== null && typeof value === "object" && !Array.isArray(value) ? Object.entries(value) : null;
  const text = pairs ? pairs.map(([key, inner]) => `${key}: ${plain(inner)}`).join(", ") : plain(value);
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}

// What a row says in words. Pure.
import { count, duration as durationText, money } from "../format.js";
import { ATTEMPTS, MISSING, SPAN } from "./tree.js";

const NOTE = 60;        // characters of an error shown beside a bar

/** A node's name as its row shows it. */
export function nameOf(tree, node) {
  if (tree.type[node] === MISSING) return `parent ${tree.key[node].slice(8, 16)}… not received`;
  if (tree.type[node] === ATTEMPTS) return tree.spans.name[firstOf(tree, node)];
  return tree.spans.name[node] || "(no name)";
}

/** A node's kind; a group of attempts has that of its attempts. */
export function kindOf(tree, node) {
  if (tree.type[node] === MISSING) return "missing";
  return tree.spans.kind[tree.type[node] === ATTEMPTS ? firstOf(tree, node) : node];
}

/** The marks after a name: [{ text, look: "" | "bad" | "good", icon }]. */
export function marksOf(tree, node, folded) {
  const marks = [];
  const tries = tree.attempts.get(node);
  if (tries) marks.push({ text: `${tries} attempts`, look: tree.bad[node] ? "bad" : "" });
  const attempt = tree.attempt.get(node);
  if (attempt) marks.push({ text: `attempt ${attempt}`, look: tree.bad[node] ? "bad" : "" });
  if (tree.origin[node] && !attempt) marks.push({ text: "began here", look: "bad", icon: "s-error" });
  if (!tree.bad[node] && tree.lastBad[node] >= 0 && tree.type[node] === SPAN) marks.push({ text: "caught", look: "", icon: "check" });
  if (tree.loop.has(node)) marks.push({ text: "parents form a loop", look: "" });
  if (folded && tree.weight[node] > 1) {
    marks.push({ text: `+${count(tree.weight[node] - 1)}`, look: "" });
    if (tree.badUnder[node]) marks.push({ text: `${count(tree.badUnder[node])} failed`, look: "bad" });
  }
  if (tree.open[node] && tree.type[node] === SPAN) marks.push({ text: openWord(tree, node), look: "" });
  return marks;
}

function openWord(tree, node) {
  if (!Number.isNaN(tree.end[node])) return "end not received";
  return tree.spans.kind[node] === "human" ? "waiting" : "running";
}

/** The words beside a bar: how long, and what is special about it. */
export function barWords(tree, node, ms) {
  const spans = tree.spans;
  const words = { time: durationText(ms), note: "", bad: false };
  if (tree.type[node] !== SPAN) return words;
  if (tree.bad[node] && (tree.origin[node] || tree.attempt.has(node))) {
    words.note = cutWords(spans.errorMessage[node] || spans.errorType[node] || "failed");
    words.bad = true;
  } else if (spans.kind[node] === "human" || spans.waiting(node)) words.note = "for a person";
  return words;
}

/** One line that says what a span did and what became of it. */
export function inWords(tree, node, ms) {
  const spans = tree.spans;
  if (tree.type[node] === MISSING) return `Spans name it as their parent, but it has not been received. What is known of it took ${durationText(ms)}.`;
  if (tree.type[node] === ATTEMPTS) return `${tree.attempts.get(node)} attempts within ${durationText(ms)}; the last one ${tree.bad[node] ? "failed" : "went well"}.`;
  const did = {
    llm: `Called ${spans.model[node] ?? "a model"}`, embedding: `Embedded with ${spans.model[node] ?? "a model"}`,
    tool: `Ran the tool ${spans.tool[node] ?? spans.name[node]}`, agent: `Agent ${spans.agent[node] ?? spans.name[node]} worked`,
    human: "Waited for a person", retriever: "Looked things up", guardrail: "Checked a rule", evaluator: "Judged a result",
    pipeline: "A whole pipeline", reranker: "Ranked results again",
  }[spans.kind[node]] ?? "Ran";
  const took = tree.open[node] ? `, for ${durationText(ms)} so far` : ` for ${durationText(ms)}`;
  return [`${did}${took}`, tokensOf(spans, node), costOf(spans, node), failure(tree, node)].filter(Boolean).join("; ").concat(".");
}

function tokensOf(spans, node) {
  const into = spans.inputTokens[node];
  const out = spans.outputTokens[node];
  if (into === null && out === null) return "";
  return `${into === null ? "?" : count(into)} tokens in, ${out === null ? "?" : count(out)} out`;
}

function costOf(spans, node) {
  return spans.cost[node] === null ? "" : money(spans.cost[node]);
}

function failure(tree, node) {
  if (!tree.bad[node]) return "";
  const what = tree.spans.errorType[node] ?? "an error";
  return tree.origin[node] ? `failed here with ${what}` : `failed with ${what}, which began below it`;
}

function firstOf(tree, node) {
  return tree.children[tree.from[node]];
}

function cutWords(text) {
  const line = text.split("\n", 1)[0];
  return line.length > NOTE ? `${line.slice(0, NOTE)}…` : line;
}

// A transcript becomes text that can be pasted elsewhere, and a span's fields tell where they were read from.
import assert from "node:assert/strict";
import { test } from "node:test";
import { asText, errorText, inShort, whoOf } from "../../static/js/conversation/text.js";
import { inWords, mappingCount, readFrom } from "../../static/js/span/mapping.js";

const message = (role, ...parts) => ({ type: "message", role, name: null, parts });
const text = (words) => ({ type: "text", text: words });
const tool = { type: "tool", kind: "tool", name: "look_up", arguments: { id: 7 }, answered: true, result: "at `home`", duration_ms: 1500, error: null };
const trace = { name: "order", trace_id: "ab".repeat(16), calls: 2, all_calls: 2 };

test("everything that was said stands in the text, in order", () => {
  const agent = { type: "agent", agent: "desk", error: null, entries: [message("user", text("Where is it?")), tool, message("assistant", { type: "reasoning", text: "Hm.\nSo." }, text("At home."))] };

  assert.equal(asText({ ...trace, entries: [agent] }), [
    "# order", `Trace ${trace.trace_id}`, "## desk", "**User:**", "Where is it?", "**Tool** `look_up` (1.5\u00a0s)", '```\n{\n  "id": 7\n}\n```', "Result:", "```\nat `home`\n```",
    "**Assistant:**", "> Hm.\n> So.", "At home.",
  ].join("\n\n") + "\n");
});

test("a fence is longer than any within it", () => {
  const said = asText({ ...trace, entries: [{ ...tool, result: "```js\nx\n```" }] });

  assert.ok(said.includes("````\n```js\nx\n```\n````"));
});

test("failures, images, what is cut and what is left out are said", () => {
  const entries = [
    { type: "failure", error: { type: "RateLimitError", message: "slow down" } },
    message("user", { type: "image", mime_type: "image/png", data: "AAAA" }, { type: "text", text: "abc", cut: 200_000 }, { type: "raw", value: { odd: 1 } }),
    { ...tool, kind: "human", answered: false, result: null, arguments: null, duration_ms: null, error: { type: "Timeout", message: null } },
    { type: "earlier", entries: [message("user", text("Hello"))] },
  ];
  const said = asText({ ...trace, name: null, all_calls: 9, entries });

  for (const words of ["# Conversation", "the first 2 of 9 model calls", "RateLimitError: slow down", "(image image/png)", "abc\n(cut: 200,000 characters in all)", '"odd": 1', "**Person** `look_up`\n", "Failed: Timeout", "_Earlier in the conversation:_\n\n**User:**\n\nHello"]) assert.ok(said.includes(words), words);
});

test("arguments are told on one line", () => {
  assert.equal(inShort({ id: 7, name: "a\n b" }), "id: 7, name: a b");
  assert.equal(inShort("x".repeat(200), 10), `${"x".repeat(9)}…`);
  assert.equal(inShort([1, "a"]), '[1,"a"]');
  assert.equal(inShort(null), "null");
});

test("roles that nobody knows and errors without words are told too", () => {
  assert.equal(whoOf({ role: "critic", name: "Ann" }), "critic (Ann)");
  assert.equal(whoOf({ role: "developer", name: null }), "System");
  assert.equal(errorText(null), "no reason given");
});

test("each field stands with its value and the key that won", () => {
  const whole = { mapping: { user: "user.id", agent: "gen_ai.agent.name", error_type: "exception.type", version: "service.version", ttft: "x" }, user_id: "ada", agent: "desk", error: { type: "Boom" }, ttft_ms: 450, warnings: ["no_end", "odd_one"] };

  assert.deepEqual(readFrom(whole), [["agent", "desk", "gen_ai.agent.name"], ["error_type", "Boom", "exception.type"], ["ttft", "450\u00a0ms", "x"], ["user", "ada", "user.id"], ["version", null, "service.version"]]);
  assert.equal(mappingCount(whole), 7);
  assert.deepEqual(whole.warnings.map(inWords), ["It came without an end.", "odd_one"]);
});

// The server's columns of a trace as rows for Spans.merge. Pure.
import { msBetween } from "./spans.js";

// By traces.span.Kind.
const KINDS = ["other", "pipeline", "agent", "llm", "tool", "retriever", "embedding", "reranker", "guardrail", "evaluator", "human", "chain"];
const AHEAD_MS = 50;            // a sender's clock further ahead than this is believed to be wrong
const BEHIND_MS = 60_000;       // batches come late, so a clock must be further behind than this

/** The spans of an answer, their times in ms after `base` (BigInt ns). */
export function* rowsOf(answer, base) {
  const { columns: column, strings } = answer;
  const shift = msBetween(base, BigInt(answer.start_ns));
  const text = (place) => (place === null ? null : strings[place]);
  for (let at = 0; at < column.id.length; at += 1) {
    const start = shift + column.start[at] / 1e6;
    yield {
      id: column.id[at], parent: column.parent[at], start,
      end: column.duration[at] === null ? NaN : start + column.duration[at] / 1e6,
      ttft: column.ttft[at] === null ? NaN : column.ttft[at] / 1e6,
      name: text(column.name[at]) ?? "", kind: KINDS[column.kind[at]] ?? "other", status: column.status[at],
      attempt: column.attempt[at], agent: text(column.agent[at]), model: text(column.model[at]), tool: text(column.tool[at]),
      service: text(column.service[at]), errorType: text(column.error_type[at]), errorMessage: text(column.error_message[at]),
      inputTokens: column.input_tokens[at], outputTokens: column.output_tokens[at], cost: column.cost[at],
    };
  }
}

/** How far the sender's clock is ahead of the server's, in ms (behind: negative; unknown or small: 0).
 *
 *  `latest` is the last time that spans tell and `seen` when the server last received one, both in ms on one scale.
 */
export function clockOffset({ latest, seen }) {
  const ahead = latest - seen;
  return ahead > AHEAD_MS || ahead < -BEHIND_MS ? ahead : 0;
}

/** The last start or end that spans tell, in ms after their base. */
export function latestOf(spans) {
  let latest = -Infinity;
  for (let row = 0; row < spans.size; row += 1) {
    latest = Math.max(latest, spans.start[row], Number.isNaN(spans.end[row]) ? -Infinity : spans.end[row]);
  }
  return latest;
}

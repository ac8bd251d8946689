// Where the waterfall's spans come from: everything once, then only what was written after.
import { pacer } from "../pace.js";
import { clockOffset, latestOf, rowsOf } from "./skeleton.js";
import { Spans } from "./spans.js";

const REST_MS = 400;        // between two pulls

export class Source {
  /** `serverNow` and `lastSeen`: Unix ms of the server when the page was made, and when it last received a span. */
  constructor({ url, serverNow, lastSeen, changed, failed }) {
    Object.assign(this, { url, lastSeen, changed, failed });
    this.ahead = serverNow - Date.now();
    this.seq = 0;
    this.spans = null;
    this.pace = pacer(() => this.#pull(), { rest: REST_MS });
    this.hinted = () => { if (this.spans && !paused()) this.pace.hint(); };
    this.shown = () => { if (!document.hidden) this.hinted(); };
  }

  /** Load everything, then follow the hints. */
  async start() {
    await this.#load();
    document.addEventListener("ecoa:hint", this.hinted);
    document.addEventListener("visibilitychange", this.shown);
  }

  stop() {
    this.stopped = true;
    this.pace.stop();
    document.removeEventListener("ecoa:hint", this.hinted);
    document.removeEventListener("visibilitychange", this.shown);
  }

  /** The present on the senders' clock, in ms after the spans' base. */
  now() {
    return this.#onServer(Date.now()) + this.offset;
  }

  #onServer(here) {
    return here + this.ahead - Number(this.spans.base / 1_000_000n);
  }

  async #load() {
    const answer = await ask(this.url);
    this.spans = new Spans(BigInt(answer.start_ns));
    this.#take(answer);
  }

  async #pull() {
    if (document.hidden) return true;
    try {
      const answer = await ask(`${this.url}&after=${this.seq}`);
      if (this.stopped || answer.seq === this.seq) return true;
      this.lastSeen = Date.now() + this.ahead;
      this.#take(answer);
      return true;
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      this.failed(error);         // what is shown stays
      return false;
    }
  }

  #take(answer) {
    this.spans.merge(rowsOf(answer, this.spans.base));
    this.seq = answer.seq;
    const seen = this.lastSeen - Number(this.spans.base / 1_000_000n);
    this.offset = clockOffset({ latest: latestOf(this.spans), seen });
    this.changed(this.spans, answer);
  }
}

/** The server did not answer, or not with what was asked for. */
export class Unanswered extends Error {}

export async function ask(url, signal) {
  let response;
  try {
    response = await fetch(url, { signal, headers: { Accept: "application/json" } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Unanswered("The server does not answer.");
  }
  if (!response.ok) throw new Unanswered(response.status === 404 ? "It is not there any more." : `The server answered ${response.status}.`);
  return response.json();
}

const paused = () => document.querySelector("[data-live-state]")?.dataset.liveState === "paused";

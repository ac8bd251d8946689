import assert from "node:assert/strict";
import { test } from "node:test";

import { pacer } from "../../static/js/pace.js";

/** A pacer on a clock of its own; `answers` are what its pulls resolve to. `pass(ms)` lets time go by. */
function paced(answers) {
  const clock = { now: 0, timers: [], pulls: [] };
  const pull = async () => {
    clock.pulls.push(clock.now);
    return answers.shift();
  };
  const later = (run, wait) => clock.timers.push({ run, at: clock.now + wait });
  const pace = pacer(pull, { rest: 1000, now: () => clock.now, later, forget: () => (clock.timers = []) });
  const pass = async (ms) => {
    const end = clock.now + ms;
    for (;;) {
      const due = clock.timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      clock.timers.splice(clock.timers.indexOf(due), 1);
      clock.now = due.at;
      await due.run();
    }
    clock.now = end;
  };
  return { ...pace, clock, pass };
}

test("hints close together lead to one pull a rest", async () => {
  const { hint, clock, pass } = paced([true, true]);
  hint();
  hint();
  await pass(10);
  hint();
  await pass(5000);
  assert.deepEqual(clock.pulls, [0, 1000]);
});

test("a pull that failed is made again without a hint, less and less often", async () => {
  const { hint, clock, pass } = paced([false, false, true]);
  hint();
  await pass(60_000);
  assert.deepEqual(clock.pulls, [0, 3000, 8000]);
});

test("nothing is pulled after the end", async () => {
  const { hint, stop, clock, pass } = paced([false]);
  hint();
  await pass(10);
  stop();
  await pass(60_000);
  assert.deepEqual(clock.pulls, [0]);
});

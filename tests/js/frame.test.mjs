import assert from "node:assert/strict";
import { test } from "node:test";

import { coloured } from "../../static/js/charts.js";
import { meaning } from "../../static/js/keys.js";
import { pacer } from "../../static/js/pace.js";

const key = (name, held = {}) => ({ key: name, ctrlKey: false, metaKey: false, altKey: false, ...held });

test("keys mean nothing while somebody types, but Ctrl-K always searches", () => {
  assert.equal(meaning(key("/"), { typing: true, chord: false }), null);
  assert.deepEqual(meaning(key("k", { ctrlKey: true }), { typing: true, chord: false }), { act: "search" });
  assert.deepEqual(meaning(key("?"), { typing: false, chord: false }), { act: "help" });
  assert.deepEqual(meaning(key("t"), { typing: false, chord: true }), { act: "go", key: "t" });
  assert.equal(meaning(key("t"), { typing: false, chord: false }), null);
});

test("a figure's tokens become colours, and nothing else changes", () => {
  const figure = { data: [{ y: [1, null, 2], marker: { color: "var(--bad-fill)" } }], layout: { title: "var of --x" } };
  const drawn = coloured(figure, (name) => `[${name}]`);
  assert.deepEqual(drawn, { data: [{ y: [1, null, 2], marker: { color: "[--bad-fill]" } }], layout: { title: "var of --x" } });
});

/** A clock and a timer that the test winds. */
function hands() {
  let now = 0;
  let due = null;
  return {
    options: { rest: 1000, now: () => now, later: (run, ms) => ((due = { run, at: now + ms }), due), forget: () => (due = null) },
    async wind(ms) {
      now += ms;
      if (due && due.at <= now) {
        const { run } = due;
        due = null;
        await run();
      }
    },
  };
}

test("a hundred hints in a second are two pulls", async () => {
  let pulls = 0;
  const clock = hands();
  const pace = pacer(async () => void (pulls += 1), clock.options);
  for (let hint = 0; hint < 100; hint += 1) {
    pace.hint();
    await clock.wind(10);
  }
  await clock.wind(1000);
  assert.equal(pulls, 2);
});

test("a hint during a pull is not lost, and two pulls never run at once", async () => {
  const clock = hands();
  let running = 0;
  let pulls = 0;
  const pace = pacer(async () => {
    running += 1;
    assert.equal(running, 1);
    pulls += 1;
    if (pulls === 1) pace.hint();
    running -= 1;
  }, clock.options);
  pace.hint();
  await clock.wind(0);
  await clock.wind(1000);
  assert.equal(pulls, 2);
});

test("a pull that fails does not end the pulling", async () => {
  const clock = hands();
  let pulls = 0;
  const pace = pacer(async () => {
    pulls += 1;
    throw new Error("away");
  }, clock.options);
  pace.hint();
  await assert.rejects(clock.wind(0));
  pace.hint();
  await assert.rejects(clock.wind(1000));
  assert.equal(pulls, 2);
});

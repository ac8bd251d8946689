import assert from "node:assert/strict";
import { test } from "node:test";

import { ago, clock, count, duration, durationNs, exact, money, percent } from "../../static/js/format.js";

const plain = (text) => text.replaceAll("\u00a0", " ");

test("durations read in their best unit, as tests/pages/test_frame.py has them", () => {
  const words = [
    [null, "–"], [0, "0 ms"], [0.0004, "1 µs"], [0.45, "450 µs"], [450, "450 ms"], [999.6, "1.0 s"], [3210, "3.2 s"],
    [59960, "1 m 00 s"], [250000, "4 m 10 s"], [7500000, "2 h 05 m"], [273600000, "3 d 4 h"], [-450, "−450 ms"],
  ];
  for (const [ms, text] of words) assert.equal(plain(duration(ms)), text);
  assert.equal(plain(durationNs("450000000")), "450 ms");
});

test("counts keep three digits, shares one decimal, money its cents", () => {
  assert.deepEqual([null, 0, 7, 2196, 12345, 412000, 1234567].map((n) => plain(count(n))), ["–", "0", "7", "2,196", "12.3 k", "412 k", "1.2 M"]);
  assert.deepEqual([0, 0.0001, 0.142, 0.99999, 1, undefined].map((n) => plain(percent(n))), ["0 %", "<0.1 %", "14.2 %", ">99.9 %", "100 %", "–"]);
  assert.deepEqual([null, 0, 0.47, 61.349, 0.0009, 1e-7, 1234].map((n) => plain(money(n))), ["–", "0", "$0.47", "$61.35", "$0.0009", "<$0.0001", "$1,234"]);
});

test("times stand in the reader's zone, with the day when it is not today", () => {
  const at = new Date("2026-11-22T23:30:05.250Z");
  const zone = "Asia/Tokyo";
  assert.equal(clock(at, "time", { zone }), "08:30:05.250");
  assert.equal(clock(at, "minute", { zone, now: new Date("2026-11-23T01:00:00Z") }), "08:30");
  assert.equal(clock(at, "second", { zone, now: new Date("2026-11-24T20:00:00Z") }), "2026-11-23 08:30:05");
  assert.equal(exact(at), "2026-11-22 23:30:05.250 UTC");
});

test("how long ago, in one unit", () => {
  const now = new Date("2026-11-22T12:00:00Z");
  const before = [1, 14, 700, 11000, 800000].map((seconds) => plain(ago(new Date(now - seconds * 1000), now)));
  assert.deepEqual(before, ["now", "14 s ago", "11 min ago", "3 h ago", "9 d ago"]);
});

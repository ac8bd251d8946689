import assert from "node:assert/strict";
import { test } from "node:test";

import { retryDelay, socketUrl } from "../../static/js/live.js";

test("retries wait longer each time, bounded, with jitter", () => {
  const longest = [0, 1, 2, 3, 4, 5, 6, 50].map((attempt) => retryDelay(attempt, () => 1));
  assert.deepEqual(longest, [250, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
  assert.equal(retryDelay(5, () => 0), 4000);
});

test("the socket lies beside the page, encrypted where the page is", () => {
  assert.equal(socketUrl({ protocol: "http:", host: "localhost:8000" }, "shop"), "ws://localhost:8000/ws/live/?project=shop");
  assert.equal(socketUrl({ protocol: "https:", host: "e.example" }, "a&b"), "wss://e.example/ws/live/?project=a%26b");
});

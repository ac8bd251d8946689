import assert from "node:assert/strict";
import { test } from "node:test";

import { barState, moved, reviewAct } from "../../static/js/review/keys.js";

const press = (key, more = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, defaultPrevented: false, ...more });

test("letters act, but not while one types", () => {
  const acts = ["j", "k", "a", "e", "r", "c"].map((key) => reviewAct(press(key), { typing: false }));
  assert.deepEqual(acts, ["next", "previous", "approve", "edit", "reject", "claim"]);
  assert.equal(reviewAct(press("a"), { typing: true }), null);
  assert.equal(reviewAct(press("a", { ctrlKey: true }), { typing: false }), null);
});

test("an edit is sent with Ctrl and Enter from within it; Enter alone sends nothing", () => {
  assert.equal(reviewAct(press("Enter", { ctrlKey: true }), { typing: true }), "send");
  assert.equal(reviewAct(press("Enter"), { typing: true }), null);
  assert.equal(reviewAct(press("Escape"), { typing: true }), "leave");
});

test("moving stays within the list", () => {
  assert.equal(moved(-1, 1, 3), 0);
  assert.equal(moved(2, 1, 3), 2);
  assert.equal(moved(0, -1, 3), 0);
  assert.equal(moved(0, 1, 0), -1);
});

test("an edit can be approved when something changed and nothing is wrong", () => {
  assert.equal(barState({ changes: "0", problems: "" }).edit, false);
  assert.equal(barState({ changes: "2", problems: "" }).edit, true);
  const wrong = barState({ changes: "?", problems: "amount, items/0/sku" });
  assert.deepEqual([wrong.edit, wrong.wrong, wrong.words, wrong.where], [false, true, "2 things to put right", "amount, items/0/sku"]);
});

test("what was wrong before anybody touched it is not shouted", () => {
  assert.equal(barState({ changes: "0", problems: "amount" }).wrong, false);
});

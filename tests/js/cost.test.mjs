// What the span panel says of money.
import assert from "node:assert/strict";
import { test } from "node:test";

import { dollars } from "../../static/js/span/cost.js";

test("money keeps every digit that it has, and two at least", () => {
  assert.deepEqual([0.00005825, 12.5, 1234.5, 0, 3, null, -0.5].map(dollars), ["$0.00005825", "$12.50", "$1,234.50", "$0.00", "$3.00", "–", "−$0.50"]);
});

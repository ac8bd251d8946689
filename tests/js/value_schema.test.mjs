import assert from "node:assert/strict";
import { test } from "node:test";

import { blank, changes, check, kindOf, label, resolved, typed } from "../../static/js/value/schema.js";

const ORDER = {
  type: "object",
  required: ["amount", "items"],
  properties: {
    amount: { type: "number", minimum: 0 },
    ship_on: { anyOf: [{ type: "string", format: "date" }, { type: "null" }] },
    currency: { enum: ["EUR", "USD"] },
    address: { $ref: "#/$defs/Address" },
    items: { type: "array", minItems: 1, items: { $ref: "#/$defs/Item" } },
  },
  $defs: {
    Address: { type: "object", required: ["city"], properties: { city: { type: "string", minLength: 1 } } },
    Item: { type: "object", required: ["sku"], additionalProperties: false, properties: { sku: { type: "string", pattern: "^[A-Z]" } } },
    Tree: { type: "object", required: ["left"], properties: { left: { $ref: "#/$defs/Tree" } } },
  },
};
const GOOD = { amount: 9.5, ship_on: null, currency: "EUR", address: { city: "Ghent" }, items: [{ sku: "A1" }] };

test("a value that fits has no problems", () => {
  assert.deepEqual(check(ORDER, GOOD), []);
});

test("problems name their place as the server does", () => {
  const bad = { ...GOOD, amount: -1, currency: "GBP", address: {}, items: [{ sku: "a" }, { sku: "B", color: 1 }] };

  const paths = check(ORDER, bad).map((problem) => problem.path);

  assert.deepEqual(paths, ["amount", "currency", "address/city", "items/0/sku", "items/1/color"]);
});

test("what is needed and missing is said", () => {
  assert.deepEqual(check(ORDER, { items: [] }).map((problem) => problem.path), ["amount", "items"]);
  assert.deepEqual(check(ORDER, []).map((problem) => problem.path), [""]);
});

test("null is allowed where the schema says so, and only there", () => {
  assert.equal(resolved(ORDER.properties.ship_on, ORDER).nullable, true);
  assert.equal(check(ORDER, { ...GOOD, amount: null }).length, 1);
  assert.deepEqual(typed("date", "", { nullable: true }), { value: null });
});

test("every part gets the control that fits it", () => {
  const kinds = Object.entries(ORDER.properties).map(([name, part]) => kindOf(resolved(part, ORDER).schema, GOOD[name]));
  assert.deepEqual(kinds, ["number", "date", "enum", "object", "array"]);
  assert.equal(kindOf({}, { any: 1 }), "json");
  assert.equal(kindOf({ type: "string" }, "x".repeat(100)), "text");
  assert.equal(kindOf(resolved({ anyOf: [{ type: "number" }, { type: "string", pattern: "^\\d" }] }).schema, "9.90"), "string");
});

test("an empty form begins with what is needed, also when a schema refers to itself", () => {
  assert.deepEqual(blank(ORDER), { amount: null, items: [] });
  assert.ok(blank({ ...ORDER, ...ORDER.$defs.Tree }));
});

test("numbers are read as people write them, and what is none is said", () => {
  assert.deepEqual(typed("number", "31,150.5"), { value: 31150.5 });
  assert.deepEqual(typed("integer", "3"), { value: 3 });
  for (const text of ["", "x", "1.5"]) assert.ok(typed("integer", text).message);
  assert.ok(typed("json", "{").message);
});

test("changes are counted leaf by leaf", () => {
  assert.deepEqual(changes(GOOD, GOOD), []);
  assert.deepEqual(changes({ ...GOOD, amount: 1, items: [{ sku: "A1" }, { sku: "B" }] }, GOOD), ["amount", "items/1"]);
});

test("an expression of another dialect is left to the server", () => {
  assert.deepEqual(check({ type: "string", pattern: "(?P<year>\\d+)" }, "x"), []);
});

test("a label says the name as people write it", () => {
  assert.equal(label("net_income"), "Net income");
  assert.equal(label("x", { title: "Amount" }), "Amount");
});

// What a JSON schema says about a form: the kind of each part, its blank value, what is wrong with a value. Pure.
//
// Only what people can fill in is understood; the server checks with the whole of JSON Schema and has the last word.

const LONG = 80;              // characters from which a text gets more than one line
const DEEPEST = 12;           // a schema that refers to itself ends somewhere

/** A part of a schema with its references followed; `nullable` when null is allowed beside it. */
export function resolved(schema, root = schema, depth = 0) {
  if (schema === null || typeof schema !== "object" || depth > DEEPEST) return { schema: {}, nullable: false };
  if (typeof schema.$ref === "string") {
    const { $ref, ...beside } = schema;
    const { schema: target, nullable } = resolved(at(root, $ref), root, depth + 1);
    return { schema: { ...target, ...beside }, nullable };
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(choices)) {
    const some = choices.filter((choice) => choice?.type !== "null");
    const { anyOf, oneOf, ...beside } = schema;
    const nullable = some.length < choices.length;
    if (some.length === 1) return { schema: { ...resolved(some[0], root, depth + 1).schema, ...beside }, nullable };
    return { schema: { ...beside, choices: some.map((choice) => resolved(choice, root, depth + 1).schema) }, nullable };
  }
  if (Array.isArray(schema.allOf) && schema.allOf.length === 1) {
    const { allOf, ...beside } = schema;
    const inner = resolved(allOf[0], root, depth + 1);
    return { ...inner, schema: { ...inner.schema, ...beside } };
  }
  if (Array.isArray(schema.type) && schema.type.length === 2 && schema.type.includes("null")) {
    return { schema: { ...schema, type: schema.type.find((type) => type !== "null") }, nullable: true };
  }
  return { schema, nullable: schema.type === "null" };
}

/** The control for a part: object, array, enum, boolean, number, integer, date, date-time, text, string or json. */
export function kindOf(schema, value) {
  if (Array.isArray(schema.enum) || "const" in schema) return "enum";
  if (schema.choices) {
    const fitting = schema.choices.find((choice) => !check(choice, value).length) ?? schema.choices[0];
    const kind = kindOf(fitting, value);
    return kind === "object" || kind === "array" ? "json" : kind;
  }
  switch (schema.type) {
    case "object": return schema.properties ? "object" : "json";
    case "array": return schema.items && typeof schema.items === "object" ? "array" : "json";
    case "boolean": case "number": case "integer": return schema.type;
    case "string":
      if (schema.format === "date" || schema.format === "date-time") return schema.format;
      return (schema.maxLength ?? 0) > LONG || (typeof value === "string" && (value.length > LONG || value.includes("\n"))) ? "text" : "string";
    default: return "json";
  }
}

/** What a part begins with when there is nothing yet. */
export function blank(schema, root = schema, depth = 0) {
  const { schema: part, nullable } = resolved(schema, root);
  if ("default" in part) return structuredClone(part.default);
  if (nullable || depth > DEEPEST) return null;
  if ("const" in part) return part.const;
  if (Array.isArray(part.enum)) return part.enum[0];
  if (part.choices) return blank(part.choices[0], root, depth + 1);
  switch (part.type) {
    case "object": return Object.fromEntries(Object.entries(part.properties ?? {})
      .filter(([name]) => part.required?.includes(name)).map(([name, inner]) => [name, blank(inner, root, depth + 1)]));
    case "array": return [];
    case "string": return "";
    case "boolean": return false;
    default: return null;
  }
}

/** What a text typed into a control means: { value } or { message }. Empty is null where it may be, else missing. */
export function typed(kind, text, { nullable = false, schema = {} } = {}) {
  if (text === "" && nullable) return { value: null };
  switch (kind) {
    case "number": case "integer": {
      const number = Number(text.replaceAll(",", "").replaceAll("\u00a0", "").trim() || "x");
      if (!Number.isFinite(number)) return { message: text.trim() ? "This is not a number." : "A number is needed." };
      if (kind === "integer" && !Number.isInteger(number)) return { message: "A whole number is needed." };
      return { value: number };
    }
    case "date": return text ? { value: text } : { message: "A day is needed." };
    case "date-time": return text ? { value: text } : { message: "A time is needed." };
    case "enum": return { value: (schema.enum ?? [schema.const])[Number(text)] };
    case "json":
      try {
        return { value: JSON.parse(text) };
      } catch (error) {
        return { message: `This is not JSON: ${error.message}` };
      }
    default: return { value: text };
  }
}

/** What is wrong with a value: [{ path: "items/0/sku", message }]; nothing when it fits. */
export function check(schema, value, root = schema, path = "", depth = 0) {
  const { schema: part, nullable } = resolved(schema, root);
  if (depth > DEEPEST || (value === null && nullable)) return [];
  const wrong = (message) => [{ path, message }];
  if (part.choices) {
    const found = part.choices.map((choice) => check(choice, value, root, path, depth + 1));
    return found.some((problems) => !problems.length) ? [] : found[0];
  }
  if ("const" in part && !same(part.const, value)) return wrong(`Only ${JSON.stringify(part.const)} is allowed.`);
  if (part.enum && !part.enum.some((one) => same(one, value))) return wrong(`One of ${part.enum.map((one) => JSON.stringify(one)).join(", ")} is needed.`);
  switch (part.type) {
    case "object": return checkObject(part, value, root, path, depth) ?? wrong("An object is needed.");
    case "array": return checkArray(part, value, root, path, depth) ?? wrong("A list is needed.");
    case "string": return checkString(part, value).flatMap(wrong);
    case "number": case "integer": return checkNumber(part, value).flatMap(wrong);
    case "boolean": return typeof value === "boolean" ? [] : wrong("Yes or no is needed.");
    case "null": return value === null ? [] : wrong("Nothing is allowed here.");
    default: return [];
  }
}

function checkObject(part, value, root, path, depth) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
  const known = part.properties ?? {};
  const missing = (part.required ?? []).filter((name) => !(name in value)).map((name) => ({ path: join(path, name), message: "This is needed." }));
  const strange = part.additionalProperties === false ? Object.keys(value).filter((name) => !(name in known)).map((name) => ({ path: join(path, name), message: "There is no such field." })) : [];
  const inner = Object.entries(known).filter(([name]) => name in value).flatMap(([name, one]) => check(one, value[name], root, join(path, name), depth + 1));
  return [...missing, ...strange, ...inner];
}

function checkArray(part, value, root, path, depth) {
  if (!Array.isArray(value)) return null;
  const size = [];
  if (part.minItems !== undefined && value.length < part.minItems) size.push({ path, message: `At least ${part.minItems} are needed.` });
  if (part.maxItems !== undefined && value.length > part.maxItems) size.push({ path, message: `At most ${part.maxItems} are allowed.` });
  return [...size, ...(part.items ? value.flatMap((item, index) => check(part.items, item, root, join(path, index), depth + 1)) : [])];
}

function checkString(part, value) {
  if (typeof value !== "string") return ["A text is needed."];
  const length = [...value].length;
  if (part.minLength !== undefined && length < part.minLength) return [length ? `At least ${part.minLength} characters are needed.` : "This is needed."];
  if (part.maxLength !== undefined && length > part.maxLength) return [`At most ${part.maxLength} characters are allowed, these are ${length}.`];
  if (part.pattern !== undefined && !matches(part.pattern, value)) return [`It has to match ${part.pattern}.`];
  if (part.format === "date" && !/^\d{4}-\d{2}-\d{2}$/.test(value)) return ["A day like 2026-05-31 is needed."];
  if (part.format === "date-time" && Number.isNaN(Date.parse(value))) return ["A time like 2026-05-31T14:00:00Z is needed."];
  if (part.format === "email" && !/^[^\s@]+@[^\s@]+$/.test(value)) return ["An address is needed."];
  return [];
}

function checkNumber(part, value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return ["A number is needed."];
  if (part.type === "integer" && !Number.isInteger(value)) return ["A whole number is needed."];
  if (part.minimum !== undefined && value < part.minimum) return [`At least ${part.minimum} is needed.`];
  if (part.maximum !== undefined && value > part.maximum) return [`At most ${part.maximum} is allowed.`];
  if (part.exclusiveMinimum !== undefined && value <= part.exclusiveMinimum) return [`More than ${part.exclusiveMinimum} is needed.`];
  if (part.exclusiveMaximum !== undefined && value >= part.exclusiveMaximum) return [`Less than ${part.exclusiveMaximum} is needed.`];
  return [];
}

/** How many leaves of a value differ from what it was. */
export function changes(value, original, path = "") {
  if (same(value, original)) return [];
  const both = (test) => test(value) && test(original);
  if (both(Array.isArray)) return union(value.keys(), original.keys()).flatMap((index) => changes(value[index], original[index], join(path, index)));
  if (both((one) => one !== null && typeof one === "object" && !Array.isArray(one))) {
    return union(Object.keys(value), Object.keys(original)).flatMap((name) => changes(value[name], original[name], join(path, name)));
  }
  return [path];
}

/** A member's name as people write it: net_income is Net income. */
export function label(name, schema = {}) {
  if (schema.title) return schema.title;
  const words = String(name).replaceAll("_", " ").replaceAll("-", " ").trim();
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

export const same = (one, other) => one === other || JSON.stringify(one) === JSON.stringify(other);
export const join = (path, name) => (path === "" ? String(name) : `${path}/${name}`);

const union = (one, other) => [...new Set([...one, ...other])];

function at(root, reference) {
  if (!reference.startsWith("#")) return {};
  return reference.slice(1).split("/").slice(1).reduce((part, name) => part?.[decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~")], root) ?? {};
}

function matches(pattern, value) {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch (error) {
    if (error instanceof SyntaxError) return true;        // the server's dialect, not ours: it will tell
    throw error;
  }
}

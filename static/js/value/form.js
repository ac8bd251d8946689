// A form drawn from a JSON schema. Every control knows how to read itself and where to say what is wrong with it.

import { el, icon } from "../waterfall/dom.js";
import { blank, join, kindOf, label, resolved, same, typed } from "./schema.js";

const SHORT = 40;         // characters of an original value beside a label
let made = 0;

/** { element, read() → value or throws Untold, say(problems by path), mark() } for a value of a schema. */
export function drawn(schema, value, { root = schema, original, path = "", name = "", required = true, changed }) {
  const { schema: part, nullable } = resolved(schema, root);
  const kind = kindOf(part, value);
  const about = { part, nullable, kind, root, value, original, path, name, required, changed };
  return (CONTROLS[kind] ?? simple)(about);
}

/** A control that holds nothing readable; `problems` say why. */
export class Untold extends Error {
  constructor(problems) {
    super(problems[0].message);
    this.problems = problems;
  }
}

function simple({ part, nullable, kind, value, original, path, name, required, changed }) {
  const id = `value-part-${++made}`;
  const wide = kind === "text" || kind === "json";
  const text = kind === "json" ? JSON.stringify(value ?? null, null, 2) : value === null || value === undefined ? "" : String(value);
  const multi = part.choices && kind === "number" && typeof value === "string";     // a decimal that is kept as text
  const input = wide
    ? el("textarea", { class: kind === "json" ? "input mono" : "input", id, rows: Math.min(12, Math.max(2, text.split("\n").length + Math.floor(text.length / 90))), spellcheck: kind === "text" ? null : "false", dir: kind === "json" ? null : "auto" })
    : el("input", { class: kind === "number" || kind === "integer" ? "input num" : "input", id, type: { date: "date" }[kind] ?? "text", inputmode: { number: "decimal", integer: "numeric" }[kind], autocomplete: "off", dir: kind === "string" ? "auto" : null });
  input.value = text;
  const field = labelled({ id, name, part, original, kind, required: required && !nullable, path });
  const error = field.place(input, { wide });
  input.addEventListener("input", () => {
    field.element.toggleAttribute("data-touched", true);
    changed();
  });
  const read = () => {
    if (input.value === text) return structuredClone(value === undefined ? (nullable ? null : "") : value);      // untouched: as it came
    const told = multi ? { value: input.value } : typed(kind, input.value, { nullable, schema: part });
    if (told.message) throw new Untold([{ path, message: told.message }]);
    return told.value;
  };
  return leaf({ field, input, error, path, read, original });
}

function choice({ part, nullable, value, original, path, name, required, changed }) {
  const id = `value-part-${++made}`;
  const options = part.enum ?? [part.const];
  const at = options.findIndex((option) => same(option, value));
  const input = el("select", { class: "input", id },
    ...(nullable || at < 0 ? [el("option", { value: "" }, nullable ? "none" : "choose…")] : []),
    ...options.map((option, index) => el("option", { value: index }, String(option))));
  input.value = at < 0 ? "" : String(at);
  const field = labelled({ id, name, part, original, kind: "enum", required: required && !nullable, path });
  const error = field.place(input);
  input.addEventListener("change", changed);
  const read = () => {
    if (input.value !== "") return options[Number(input.value)];
    if (nullable) return null;
    throw new Untold([{ path, message: "Choose one." }]);
  };
  return leaf({ field, input, error, path, read, original });
}

function yesNo({ part, value, original, path, name, changed }) {
  const id = `value-part-${++made}`;
  const input = el("input", { type: "checkbox", id });
  input.checked = value === true;
  const field = labelled({ id, name, part, original, kind: "boolean", required: true, path });
  const word = el("span", {}, input.checked ? "yes" : "no");
  const error = field.place(el("label", { class: "value-switch" }, input, word), { control: input });
  input.addEventListener("change", () => {
    word.textContent = input.checked ? "yes" : "no";
    changed();
  });
  return leaf({ field, input, error, path, read: () => input.checked, original });
}

function object({ part, nullable, root, value, original, path, name, changed }) {
  const held = value !== null && typeof value === "object" ? value : nullable ? null : {};
  const names = [...Object.keys(part.properties), ...Object.keys(held ?? {}).filter((key) => !(key in part.properties))];
  const members = names.map((key) => [key, drawn(part.properties[key] ?? {}, key in (held ?? {}) ? held[key] : blankOf(part, key, root), {
    root, original: original?.[key], path: join(path, key), name: key, required: part.required?.includes(key) ?? false, changed,
  })]);
  const error = el("div", { "data-said": true });
  const rows = el("div", { class: "value-rows" }, ...members.map(([, member]) => member.element));
  const element = path === ""
    ? el("div", {}, rows, error)
    : el("div", { class: "field", "data-wide": true }, el("span", { class: "label" }, label(name, part)), el("div", { class: "value-group" }, rows), error);
  const present = (key, one) => key in (held ?? {}) || (part.required?.includes(key) ?? false) || one !== null && one !== "" && !same(one, blankOf(part, key, root));
  return {
    element,
    read: () => gather(members, (found) => Object.fromEntries(found.filter(([key, one]) => present(key, one)))),
    say: (problems) => {
      tell(error, problems.get(path));
      members.forEach(([, member]) => member.say(problems));
    },
    mark: (paths) => members.forEach(([, member]) => member.mark(paths)),
  };
}

function list({ part, root, value, original, path, name, changed }) {
  let items = (Array.isArray(value) ? value : []).map((item, index) => make(item, index));
  const rows = el("div", { class: "value-group" });
  const error = el("div", { "data-said": true });
  const add = el("button", { class: "button", type: "button", "data-size": "s", onclick: () => {
    items.push(make(blank(part.items, root), items.length));
    renew();
  } }, icon("plus"), "Add one");
  const element = el("div", { class: "field", "data-wide": true }, el("span", { class: "label" }, label(name, part), el("small", {})), rows, error, el("p", {}, add));

  function make(item, index) {
    return drawn(part.items, item, { root, original: original?.[index], path: join(path, index), name: `${index + 1}`, changed });
  }
  function renew() {        // what stands in the controls is kept; where it stands changes
    const values = items.map((item) => {
      try {
        return item.read();
      } catch (untold) {
        if (!(untold instanceof Untold)) throw untold;
        return null;
      }
    });
    items = values.map((item, index) => make(item, index));
    draw();
    changed();
  }
  function draw() {
    rows.replaceChildren(...items.map((item, index) => el("div", { class: "value-item" }, item.element,
      el("button", { class: "button", type: "button", "data-icon": true, "data-look": "quiet", "aria-label": `Remove ${index + 1}`, onclick: () => {
        items.splice(index, 1);
        renew();
      } }, icon("trash")))));
    element.querySelector(".label > small").textContent = items.length === 1 ? "1 item" : `${items.length} items`;
  }
  draw();
  return {
    element,
    read: () => gather(items.map((item, index) => [index, item]), (found) => found.map(([, one]) => one)),
    say: (problems) => {
      tell(error, problems.get(path));
      items.forEach((item) => item.say(problems));
    },
    mark: (paths) => items.forEach((item) => item.mark(paths)),
  };
}

const CONTROLS = { enum: choice, boolean: yesNo, object, array: list };

function leaf({ field, input, error, path, read }) {
  return {
    element: field.element,
    read,
    say: (problems) => {
      const found = problems.get(path);
      input.setAttribute("aria-invalid", String(Boolean(found)));
      tell(error, found);
    },
    mark: (paths) => field.element.toggleAttribute("data-changed", paths.has(path)),
  };
}

function labelled({ id, name, part, original, kind, required, path }) {
  const error = el("div", { id: `${id}-said`, "data-said": true });
  const element = el("div", { class: "field", "data-path": path });
  const was = original === undefined || kind === "json" ? (required ? "" : "optional") : `was ${shortened(original)}`;
  element.append(el("label", { class: "label", for: id }, name === "" ? "Value" : label(name, part), el("small", { title: was }, was)));
  return {
    element,
    place(control, { wide = false, control: input = control } = {}) {
      element.toggleAttribute("data-wide", wide);
      input.setAttribute("aria-describedby", `${id}-said`);
      element.append(control);
      if (part.description) element.append(el("p", { class: "field-hint" }, part.description));
      element.append(error);
      return error;
    },
  };
}

function gather(members, make) {
  const problems = [];
  const found = [];
  for (const [key, member] of members) {
    try {
      found.push([key, member.read()]);
    } catch (untold) {
      if (!(untold instanceof Untold)) throw untold;
      problems.push(...untold.problems);
    }
  }
  if (problems.length) throw new Untold(problems);
  return make(found);
}

export function tell(place, messages = []) {
  place.replaceChildren(...messages.map((message) => el("p", { class: "field-error" }, icon("s-error"), el("span", {}, message))));
}

const blankOf = (part, key, root) => (part.properties[key] ? blank(part.properties[key], root) : null);
function shortened(value) {
  const text = typeof value === "string" ? value : value === null ? "none" : value === true ? "yes" : value === false ? "no" : JSON.stringify(value);
  return text === "" ? "empty" : text.length > SHORT ? `${text.slice(0, SHORT - 1)}…` : text;
}

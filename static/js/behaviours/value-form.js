// A JSON value in a form: fields made from its schema where there is one, else an editor; both check as one types.
//
// The textarea is what is sent. The place tells what it knows in data-changes and data-problems and in an `ecoa:value`
// event. In the form around it, [data-as-json] switches to the text, [data-undo] goes back to what it was.

import { on } from "../waterfall/dom.js";
import { changes, check } from "../value/schema.js";
import { drawn, tell, Untold } from "../value/form.js";

export function attach(place) {
  const field = place.querySelector("[data-value]");
  const around = place.closest("form") ?? place;
  const editor = field.querySelector("textarea");
  const fields = field.querySelector("[data-fields]");
  const shell = field.querySelector("[data-editor]");
  const said = field.querySelector("[data-said]");
  const schema = told(editor.dataset.schema);
  const original = told(editor.dataset.original) ?? null;
  const sent = told(editor.dataset.problems) ?? [];
  const toggle = around.querySelector("[data-as-json]");
  let form = null;
  let quiet = true;

  function draw() {
    const value = parsed(editor.value);
    form = value === undefined || !schema ? null : drawn(schema, value, { original: original ?? undefined, changed: () => look() });
    if (form) fields.replaceChildren(form.element);
    fields.hidden = !form;
    shell.hidden = Boolean(form);
    toggle?.setAttribute("aria-pressed", String(!form));
    if (toggle) toggle.hidden = !schema;
  }

  function look(first = false) {
    let value;
    let problems = [];
    try {
      value = form ? form.read() : parse(editor.value);
      if (schema) problems = check(schema, value);
    } catch (untold) {
      if (!(untold instanceof Untold)) throw untold;
      problems = untold.problems;
    }
    if (form && value !== undefined) editor.value = JSON.stringify(value, null, 2);
    const shown = first && sent.length ? sent : problems;
    const paths = new Set(value === undefined || original === null ? [] : changes(value, original));
    quiet &&= first && !sent.length;        // an empty form is not scolded before it is touched
    show(quiet ? [] : shown);
    form?.mark(paths);
    place.dataset.problems = shown.map((problem) => problem.path || "value").join(", ");
    place.dataset.changes = value === undefined ? "?" : String(paths.size);
    place.dispatchEvent(new CustomEvent("ecoa:value", { bubbles: true }));
  }

  function show(problems) {
    const byPath = new Map();
    for (const { path, message } of problems) byPath.set(path, [...(byPath.get(path) ?? []), message]);
    form?.say(byPath);
    editor.setAttribute("aria-invalid", String(problems.length > 0));
    tell(said, problems.map(({ path, message }) => (path ? `${path}: ${message}` : message)));
    const shownAt = form ? [...byPath.keys()].filter((path) => !fields.querySelector(`[data-path="${CSS.escape(path)}"]`) && path !== "") : [];
    if (shownAt.length) form.say(new Map([...byPath, ["", [...(byPath.get("") ?? []), ...shownAt.map((path) => `${path}: ${byPath.get(path).join(" ")}`)]]]));
  }

  const asJson = () => {
    if (form) {
      form = null;
      fields.hidden = true;
      shell.hidden = false;
      toggle.setAttribute("aria-pressed", "true");
      editor.focus();
    } else draw();
    look();
  };
  const undo = () => {
    editor.value = JSON.stringify(original, null, 2);
    draw();
    look();
  };
  const sending = (event) => {        // a start form is not sent while something is wrong; a decision says so itself
    if (place !== around || !place.dataset.problems) return;
    event.preventDefault();
    look();
    place.querySelector('[aria-invalid="true"]')?.focus();
  };
  const stops = [on(editor, "input", () => look()), on(place, "submit", sending)];
  if (toggle) stops.push(on(toggle, "click", asJson));
  const undoing = around.querySelector("[data-undo]");
  if (undoing) stops.push(on(undoing, "click", undo));
  draw();
  look(true);
  return () => stops.forEach((stop) => stop());
}

const told = (id) => (id ? JSON.parse(document.getElementById(id)?.textContent ?? "null") : null);

function parse(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Untold([{ path: "", message: `This is not JSON: ${error.message}.` }]);
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

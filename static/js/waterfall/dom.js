// Making elements without HTML text: what a span says can only ever become text nodes and attributes.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes (`on…` keys are listeners; null and false are left out) and children (nodes or texts). */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** An icon of static/icons.svg. */
export function icon(name, size = "") {
  return svg("svg", { class: "icon", "data-size": size || null, "aria-hidden": "true" }, use(name));
}

/** The icon of a span's kind in its hue. */
export function kindIcon(kind) {
  return svg("svg", { class: "kind", "data-kind": kind, role: "img", "aria-label": kind }, use(`k-${kind}`));
}

export function use(name) {
  return svg("use", { href: sprite(name) });
}

export function sprite(name) {
  return `${document.documentElement.dataset.icons}#${name}`;
}

const KEPT = Symbol("attributes set here");

/** Set an attribute, unless it was set to that before; null takes it away. Cheap enough for every row of every frame. */
export function set(element, name, value) {
  const wanted = value === undefined || value === false ? null : value;
  element[KEPT] ??= {};
  if (element[KEPT][name] === wanted) return;
  element[KEPT][name] = wanted;
  if (wanted === null) element.removeAttribute(name);
  else element.setAttribute(name, wanted);
}

const SAID = Symbol("text set here");

/** Set an element's text, unless it was set to that before. */
export function say(element, text) {
  if (element[SAID] === text) return;
  element[SAID] = text;
  element.textContent = text;
}

/** Listen; the function returned takes the listener away. */
export function on(target, type, listener, options) {
  target.addEventListener(type, listener, options);
  return () => target.removeEventListener(type, listener, options);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) if (child !== null && child !== undefined && child !== false) element.append(child);
  return element;
}

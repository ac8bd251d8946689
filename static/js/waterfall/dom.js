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

/** Set an attribute only when it changes; null takes it away. */
export function set(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
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

// Values of attributes and arguments as short texts. Pure.

const DEEPEST = 6;

/** Nested objects as flat [key, value] pairs with dotted keys; lists and empty objects stay whole. */
export function flatPairs(object, prefix = "", depth = 0) {
  if (object === null || typeof object !== "object") return prefix ? [[prefix, object]] : [];
  return Object.entries(object).flatMap(([key, value]) => {
    const name = prefix ? `${prefix}.${key}` : key;
    const inner = value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length > 0;
    return inner && depth < DEEPEST ? flatPairs(value, name, depth + 1) : [[name, value]];
  });
}

/** A value as text: texts bare, everything else as JSON. */
export function plain(value) {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}

/** A value as JSON shows it. */
export function quoted(value) {
  return JSON.stringify(value) ?? "";
}


/** Pairs whose key or value contains a text. */
export function filterPairs(pairs, text) {
  const wanted = text.trim().toLowerCase();
  return wanted ? pairs.filter(([key, value]) => key.toLowerCase().includes(wanted) || plain(value).toLowerCase().includes(wanted)) : pairs;
}

/** A term of the filter language: key:value, quoted where the value needs it. */
export function term(key, value) {
  const text = plain(value);
  return `${key}:${/^[\w.@/+-]+$/.test(text) && !/^(and|or|not)$/i.test(text) ? text : `"${text.replace(/[\\"*]/g, "\\$&")}"`}`;
}

/** Whether an attribute's key and value can be searched by: a short text, number or truth value. */
export function isSearchable(key, value) {
  return /^[\w.-]+$/.test(key) && ["string", "number", "boolean"].includes(typeof value) && plain(value).length <= 200 && plain(value) !== "";
}

/** A data: address of an embedded image that may be shown, or null. */
export function embeddedImage(text) {
  return typeof text === "string" && /^data:image\/(png|jpe?g|gif|webp|avif);base64,[A-Za-z0-9+/=\s]+$/.test(text) ? text : null;
}

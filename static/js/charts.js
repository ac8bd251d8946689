// Plotly's figures in the colours of the page. A figure comes from the server with names of tokens: "var(--c-ink)".

const TOKEN = /^var\((--[\w-]+)\)$/;
const CONFIG = { displayModeBar: false, responsive: false, showTips: false, doubleClick: false };

/** A copy of a figure with every token replaced by what `resolve(name)` says. Pure. */
export function coloured(value, resolve) {
  if (typeof value === "string") {
    const token = TOKEN.exec(value);
    return token ? resolve(token[1]) : value;
  }
  if (Array.isArray(value)) return value.map((item) => coloured(item, resolve));
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, resolve)]));
  }
  return value;
}

/** Resolves tokens as the browser does, light-dark() and all. */
export function tokenColours(place) {
  const probe = document.createElement("span");
  probe.hidden = true;
  place.append(probe);
  const known = new Map();
  const resolve = (name) => {
    if (!known.has(name)) {
      probe.style.setProperty("color", `var(${name})`);
      known.set(name, getComputedStyle(probe).color);
    }
    return known.get(name);
  };
  resolve.done = () => probe.remove();
  return resolve;
}

/** Draw a figure, or draw it anew with other data, colours or size; what is zoomed stays zoomed. */
export async function draw(place, figure) {
  const resolve = tokenColours(document.body);
  const { data, layout } = coloured(figure, resolve);
  resolve.done();
  const font = { ...layout.font, family: getComputedStyle(place).fontFamily };
  const size = { width: place.clientWidth, height: place.clientHeight };
  await window.Plotly.react(place, data, { ...layout, ...size, font, uirevision: "same" }, CONFIG);
}

export const clear = (place) => window.Plotly.purge(place);

// A line at the foot of the page after an act; it goes by itself.

export function toast(text, { state = "ok", after = 6000 } = {}) {
  const place = document.querySelector("[data-toasts]");
  const icons = document.documentElement.dataset.icons;
  const item = document.createElement("div");
  item.className = "toast";
  item.setAttribute("role", state === "error" ? "alert" : "status");
  const mark = document.createElement("span");
  mark.className = "status";
  mark.dataset.state = state;
  mark.append(icon(icons, `s-${state}`));
  const words = document.createElement("span");
  words.textContent = text;
  item.append(mark, words);
  place.append(item);
  window.setTimeout(() => item.remove(), after);
}

function icon(sprite, name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

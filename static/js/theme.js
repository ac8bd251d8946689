// Light, dark or as the system says.

import { remember } from "./cookies.js";

export function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  remember("ecoa_theme", theme);
  for (const choice of document.querySelectorAll('[data-act="theme"]')) {
    choice.setAttribute("aria-checked", String(choice.dataset.value === theme));
  }
  document.dispatchEvent(new CustomEvent("ecoa:theme"));
}

/** Calls back when the colours change: by choice, or because the system's did. Returns how to stop. */
export function onThemeChange(callback) {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", callback);
  document.addEventListener("ecoa:theme", callback);
  return () => {
    system.removeEventListener("change", callback);
    document.removeEventListener("ecoa:theme", callback);
  };
}

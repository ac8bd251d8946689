// A table row that leads where its first link leads; the link itself stays the keyboard's way.

export function attach(table) {
  const clicked = (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.target.closest("a, button, input, label, summary")) return;
    if (String(window.getSelection())) return;
    const link = event.target.closest("tr")?.querySelector("a[href]");
    if (!link) return;
    if (event.ctrlKey || event.metaKey) window.open(link.href, "_blank", "noopener");
    else link.click();
  };
  table.addEventListener("click", clicked);
  return () => table.removeEventListener("click", clicked);
}

// A <details> that behaves as a menu: closes on Escape, on a click beside it, and when the focus leaves it.

export function attach(menu) {
  const summary = menu.querySelector("summary");
  const outside = (event) => {
    if (menu.open && !menu.contains(event.target)) menu.open = false;
  };
  const pressed = (event) => {
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      summary.focus();
      event.stopPropagation();
    } else if (menu.open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      move(menu, event.key === "ArrowDown" ? 1 : -1);
      event.preventDefault();
    }
  };
  document.addEventListener("pointerdown", outside);
  document.addEventListener("focusin", outside);
  menu.addEventListener("keydown", pressed);
  return () => {
    document.removeEventListener("pointerdown", outside);
    document.removeEventListener("focusin", outside);
    menu.removeEventListener("keydown", pressed);
  };
}

function move(menu, by) {
  const items = [...menu.querySelectorAll(".menu-item")];
  const at = items.indexOf(document.activeElement);
  items[(at + by + items.length) % items.length]?.focus();
}

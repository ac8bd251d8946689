// Tabs over panels that are all on the page: [role=tab][aria-controls] shows its panel and hides the others'.

export function attach(place) {
  const tabs = [...place.querySelectorAll('[role="tab"]')];
  const panel = (tab) => document.getElementById(tab.getAttribute("aria-controls"));

  function choose(chosen) {
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      panel(tab).hidden = tab !== chosen;
    }
  }

  const clicked = (event) => {
    const tab = event.target.closest('[role="tab"]');
    if (tab) choose(tab);
  };
  const pressed = (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by || !tabs.includes(document.activeElement)) return;
    const next = tabs[(tabs.indexOf(document.activeElement) + by + tabs.length) % tabs.length];
    choose(next);
    next.focus();
    event.preventDefault();
  };
  place.addEventListener("click", clicked);
  place.addEventListener("keydown", pressed);
  return () => {
    place.removeEventListener("click", clicked);
    place.removeEventListener("keydown", pressed);
  };
}

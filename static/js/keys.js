// Keys of the frame. A page's own keys are its behaviours' own business; they come first and may stop the event.

const EDITABLE = "input, textarea, select, [contenteditable]";
const CHORD_MS = 1200;

/** What a key press means: search, help, earlier, later, or go with the second key of `g x`; null for nothing. */
export function meaning(event, { typing, chord }) {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") return { act: "search" };
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return null;
  if (chord) return { act: "go", key: event.key };
  return { "/": { act: "search" }, "?": { act: "help" }, "[": { act: "earlier" }, "]": { act: "later" }, g: { act: "chord" } }[event.key] ?? null;
}

/** Listen for the frame's keys; `acts` maps a meaning to what is done. Returns how to stop. */
export function listenForKeys(acts) {
  let chordUntil = 0;

  function pressed(event) {
    if (event.defaultPrevented || event.isComposing) return;
    const typing = event.target instanceof Element && event.target.closest(EDITABLE) !== null;
    if (!event.key) return;
    const meant = meaning(event, { typing, chord: Date.now() < chordUntil });
    chordUntil = 0;
    if (!meant) return;
    if (meant.act === "chord") {
      chordUntil = Date.now() + CHORD_MS;
      return;
    }
    if (acts[meant.act]?.(meant.key) !== false) event.preventDefault();
  }

  document.addEventListener("keydown", pressed);
  return () => document.removeEventListener("keydown", pressed);
}

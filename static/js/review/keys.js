// What a key means on the pages of reviews. Pure.

/** next, previous, approve, edit, reject, claim, send (the edit), leave (what one types in); null for nothing. */
export function reviewAct(event, { typing }) {
  if (event.altKey || event.isComposing || event.defaultPrevented) return null;
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") return "send";
  if (event.ctrlKey || event.metaKey) return null;
  if (event.key === "Escape") return typing ? "leave" : null;
  if (typing) return null;
  return { j: "next", k: "previous", a: "approve", e: "edit", r: "reject", c: "claim" }[event.key] ?? null;
}

/** The place after a move by one in a list of `size`; the first when nothing was chosen. */
export function moved(at, by, size) {
  if (!size) return -1;
  return at < 0 ? 0 : Math.min(size - 1, Math.max(0, at + by));
}

/** What the bar says of an edit and which buttons live. `changes` is a count, or "?" while the edit cannot be read. */
export function barState({ changes, problems }) {
  const wrong = problems ? problems.split(", ") : [];
  const changed = changes === "?" || Number(changes) > 0;
  const words = wrong.length ? `${wrong.length} ${wrong.length === 1 ? "thing" : "things"} to put right` : "";
  return { wrong: changed && wrong.length > 0, words, where: wrong.join(", "), edit: changed && wrong.length === 0 };
}

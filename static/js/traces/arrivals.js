// What to do with the newest rows just pulled, given those already shown. Pure.

/** { fresh, changed }: ids not shown yet, in order, and ids shown with an older seq.
 *
 *  `shown`: Map id → seq. `pulled`: [{ id, seq, start }] newest first, start as BigInt. `floor`: the start of the oldest row
 *  shown, or null when none is: what is older belongs to the pages that scrolling brings.
 */
export function arrivals(pulled, shown, floor) {
  const fresh = [];
  const changed = [];
  for (const { id, seq, start } of pulled) {
    if (!shown.has(id)) {
      if (floor === null || start >= floor) fresh.push(id);
    } else if (shown.get(id) < seq) changed.push(id);
  }
  return { fresh, changed };
}

/** Where a row belongs among rows ordered newest first: the index of the first that is older. */
export function placeFor(start, starts) {
  const found = starts.findIndex((other) => other < start);
  return found < 0 ? starts.length : found;
}

const MOST = 500;       // rows a list grows to by itself

/** Whether to show the newest page alone: none of the `pulled` rows joins the `known` ones, so that rows in between are
 *  missing, or a page left open would grow without end. */
export function beginsAnew({ pulled, fresh, known }) {
  return known > 0 && fresh > 0 && (fresh === pulled || known + fresh > MOST);
}

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

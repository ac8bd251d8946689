// Marks of a time axis at round numbers. Pure.

const ROUND_MS = [
  1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4,
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500,
  1e3, 2e3, 5e3, 1e4, 15e3, 3e4,
  6e4, 12e4, 3e5, 6e5, 9e5, 18e5,
  36e5, 72e5, 108e5, 216e5, 432e5, 864e5, 1728e5, 6048e5,
];

/** The smallest round step, in ms, of which at most `most` fit into `span` ms. */
export function roundStep(span, most) {
  const wanted = span / Math.max(1, most);
  const found = ROUND_MS.find((step) => step >= wanted * (1 - 1e-9));
  if (found) return found;
  const days = wanted / 864e5;
  const power = 10 ** Math.floor(Math.log10(days));
  return ([1, 2, 5, 10].find((times) => times * power >= days) ?? 10) * power * 864e5;
}

/** Round times within [from, to], at most about one for each `room` pixels of `width`. */
export function ticksBetween(from, to, { width, room = 72 }) {
  if (!(to > from) || !(width > 0)) return [];
  const step = roundStep(to - from, width / room);
  const marks = [];
  for (let n = Math.ceil(from / step - 1e-9) + 0; n * step <= to + step * 1e-9; n += 1) marks.push(n * step);
  return marks;
}

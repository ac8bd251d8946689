// Numbers, durations, money and times as people read them. ecoa_web/format.py follows the same rules.

export const MISSING = "–";
const SPACE = "\u00a0";
const MINUS = "−";

const missing = (value) => value === null || value === undefined || Number.isNaN(value);
const unit = (number, word) => `${number}${SPACE}${word}`;
const two = (number) => String(number).padStart(2, "0");
const grouped = (number) => Math.round(number).toLocaleString("en-US");

/** 45 µs, 4.5 ms, 450 ms, 3.2 s, 4 m 10 s, 2 h 05 m, 3 d 4 h. */
export function duration(ms) {
  if (missing(ms)) return MISSING;
  if (ms < 0) return MINUS + duration(-ms);
  if (ms > 0 && ms < 0.9995) return unit(Math.max(1, Math.round(ms * 1000)), "µs");
  if (ms < 999.5) return unit(ms > 0 && ms < 9.95 ? ms.toFixed(1) : Math.round(ms), "ms");
  const seconds = ms / 1000;
  if (seconds < 59.95) return unit(seconds.toFixed(1), "s");
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  const hours = Math.floor(whole / 3600);
  const days = Math.floor(whole / 86400);
  if (hours < 1) return `${unit(minutes, "m")} ${unit(two(whole % 60), "s")}`;
  if (days < 1) return `${unit(hours, "h")} ${unit(two(minutes % 60), "m")}`;
  return `${unit(days, "d")} ${unit(hours % 24, "h")}`;
}

/** Nanoseconds, as a number or as the API's string. */
export const durationNs = (ns) => (missing(ns) ? MISSING : duration(Number(ns) / 1e6));

/** 7, 2,196, 12.3 k, 412 k, 1.2 M. */
export function count(number) {
  if (missing(number)) return MISSING;
  if (number < 0) return MINUS + count(-number);
  if (number < 9999.5) return grouped(number);
  let scaled = number / 1e3;
  let word = "k";
  for (const larger of ["M", "G", "T"]) {
    if (scaled < 999.5) break;
    scaled /= 1e3;
    word = larger;
  }
  return unit(scaled < 99.95 ? scaled.toFixed(1) : scaled.toFixed(0), word);
}

/** A share of 1: 0 %, <0.1 %, 14.2 %, 100 %. */
export function percent(share) {
  if (missing(share)) return MISSING;
  const points = share * 100;
  if (points > 0 && points < 0.05) return unit("<0.1", "%");
  if (points >= 99.95 && points < 100) return unit(">99.9", "%");
  return unit(points === 0 || points === 100 ? points.toFixed(0) : points.toFixed(1), "%");
}

/** $0.47, $1,234, $1.2 M, $0.0009; 0 for nothing. */
export function money(dollars) {
  if (missing(dollars)) return MISSING;
  if (dollars === 0) return "0";
  if (dollars < 0) return MINUS + money(-dollars);
  if (dollars < 0.00005) return "<$0.0001";
  if (dollars < 0.995) return `$${dollars.toFixed(dollars >= 0.0095 ? 2 : 4)}`;
  return dollars < 999.995 ? `$${dollars.toFixed(2)}` : `$${count(dollars)}`;
}

/** A time in a zone (the browser's, unless told): time 13:59:41.550, second, minute, short, date. */
export function clock(date, style, { zone, now = new Date() } = {}) {
  const local = parts(date, zone);
  const day = `${local.year}-${local.month}-${local.day}`;
  const short = `${local.hour}:${local.minute}`;
  const second = `${short}:${local.second}`;
  if (style === "time") return `${second}.${String(date.getUTCMilliseconds()).padStart(3, "0")}`;
  if (style === "short") return short;
  if (style === "date") return day;
  const today = parts(now, zone);
  const hours = style === "second" ? second : short;
  return day === `${today.year}-${today.month}-${today.day}` ? hours : `${day} ${hours}`;
}

function parts(date, zone) {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit",
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  });
  return Object.fromEntries(format.formatToParts(date).map(({ type, value }) => [type, value]));
}

/** How long ago: now, 14 s ago, 11 min ago, 3 h ago, 9 d ago. */
export function ago(date, now = new Date()) {
  const seconds = (now - date) / 1000;
  if (seconds < 2) return "now";
  for (const [limit, size, word] of [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"]]) {
    if (seconds < limit) return `${unit(Math.floor(seconds / size), word)} ago`;
  }
  return `${unit(Math.floor(seconds / 86400), "d")} ago`;
}

/** The exact time for a hover, in UTC. */
export const exact = (date) => `${date.toISOString().replace("T", " ").replace("Z", "")} UTC`;

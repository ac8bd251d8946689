// Times stand in the browser's zone. The server knows it from a cookie; on a first visit, or after a journey, the times
// on the page are rewritten here.

import { ago, clock } from "./format.js";
import { remember } from "./cookies.js";

export const browserZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** Tell the server the zone, and put right the times that it wrote for another one. */
export function showTimes(root) {
  const zone = browserZone();
  const page = document.documentElement;
  if (page.dataset.zone !== zone) {
    remember("ecoa_zone", zone);
    page.dataset.zone = zone;
    for (const time of root.querySelectorAll("time[datetime][data-style]")) rewrite(time);
    for (const element of root.querySelectorAll("[data-zone-name]")) element.textContent = `Times in ${zone}`;
    for (const input of root.querySelectorAll("input[data-moment]")) input.value = localInput(input.dataset.moment);
  }
  window.setInterval(() => {
    for (const time of document.querySelectorAll('time[data-style="ago"]')) rewrite(time);
  }, 5000);
}

function rewrite(time) {
  const at = new Date(time.dateTime);
  time.textContent = time.dataset.style === "ago" ? ago(at) : clock(at, time.dataset.style);
}

function localInput(moment) {
  const at = new Date(moment);
  return `${clock(at, "date")}T${clock(at, "time").slice(0, 8)}`;
}

// A page that waits for the first trace: looks after every hint whether it still has to.

import { on } from "../waterfall/dom.js";
import { pacer } from "../pace.js";

const WAITING = '[data-behaviour~="traces-first"]';

export function attach() {
  const pace = pacer(look, { rest: 1000 });
  const stop = on(document, "ecoa:hint", pace.hint);
  return () => {
    pace.stop();
    stop();
  };
}

async function look() {
  const response = await fetch(window.location.href).catch(() => null);
  if (!response?.ok) return false;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (!page.querySelector(WAITING)) window.location.reload();
  return true;
}

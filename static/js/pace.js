// How often a live page may pull: soon after a hint, never more than once in `rest`, one pull at a time. Pure but for the
// timer it is given.

const LONGEST_MS = 10_000;

/** Returns { hint, stop }; `pull` is async. A hint during a pull leads to one more pull after it; a pull that resolves to
 *  false failed, and is made again by itself, less and less often. */
export function pacer(pull, { rest = 1000, now = Date.now, later = setTimeout, forget = clearTimeout } = {}) {
  let last = -Infinity;
  let timer = null;
  let busy = false;
  let again = false;
  let failures = 0;
  let stopped = false;

  function hint() {
    if (stopped) return;
    if (busy) {
      again = true;
    } else if (timer === null) {
      timer = later(run, Math.max(0, last + rest - now()));
    }
  }

  async function run() {
    timer = null;
    busy = true;
    const begun = now();
    try {
      failures = (await pull()) === false ? failures + 1 : 0;
      again ||= failures > 0;
    } finally {
      // A page that takes long to make is asked for less often.
      const wait = Math.max(2 * (now() - begun), failures && rest * 2 ** failures);
      last = now() + Math.min(LONGEST_MS, wait);
      busy = false;
      if (again) {
        again = false;
        hint();
      }
    }
  }

  return {
    hint,
    stop() {
      stopped = true;
      if (timer !== null) forget(timer);
    },
  };
}

// How often a live page may pull: soon after a hint, never more than once in `rest`, one pull at a time, and none while
// nobody looks. Pure but for the timer it is given.

/** Returns { hint, stop }; `pull` is async. A hint during a pull leads to one more pull after it. */
export function pacer(pull, { rest = 1000, now = Date.now, later = setTimeout, forget = clearTimeout } = {}) {
  let last = -Infinity;
  let timer = null;
  let busy = false;
  let again = false;
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
      await pull();
    } finally {
      // A page that takes long to make is asked for less often.
      last = now() + Math.min(10_000, 2 * (now() - begun));
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

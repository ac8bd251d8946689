// One review: its keys, the bar's buttons, and what happens when it is decided or changed under the reader's eyes.
//
// The page around the form is pulled and morphed; the form itself is left alone, so that nothing typed is lost.

import { on } from "../waterfall/dom.js";
import { toast } from "../toast.js";
import { barState, moved, reviewAct } from "../review/keys.js";

const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";

export function attach(page) {
  const find = (what) => page.querySelector(what);
  let open = Boolean(find("[data-decide]"));
  let sent = false;

  function bar() {
    const value = find("[data-changes][data-problems]");
    const state = barState({ changes: value?.dataset.changes ?? "0", problems: value?.dataset.problems ?? "" });
    const stale = isStale();
    find("[data-edit]")?.toggleAttribute("disabled", !state.edit || stale || sent);
    find("[data-approve]")?.toggleAttribute("disabled", stale || sent);
    find("[data-reject-open]")?.toggleAttribute("disabled", stale || sent);
    const edits = state.edit || state.wrong;
    const [approve, edit] = [find("[data-approve]"), find("[data-edit]")];
    if (approve) edits && edit ? delete approve.dataset.look : (approve.dataset.look = "primary");
    if (edit) edits ? (edit.dataset.look = "primary") : delete edit.dataset.look;
    const wrong = find("[data-wrong]");
    if (wrong) {
      wrong.hidden = !state.wrong;
      find("[data-wrong-said]").textContent = `${state.words}: ${state.where}`;
    }
    const count = find("h2 ~ [data-changes]:not([data-problems])");
    if (count) count.textContent = value?.dataset.changes === "?" ? "" : plural(Number(value?.dataset.changes ?? 0));
    const changed = find("[data-changed].note");
    if (changed) changed.hidden = !stale;
  }

  function isStale() {
    const shown = find("[data-decide] [name=version]")?.value;
    return shown !== undefined && shown !== find(".case-head").dataset.version;
  }

  function pulled() {
    const now = Boolean(find("[data-decide]"));
    if (open && !now && !sent) toast("It is decided: somebody was first, or its time is over.", { state: "waiting" });
    open = now;
    bar();
  }

  function go(by) {
    const links = [...page.querySelectorAll("[data-review]")];
    const at = links.findIndex((link) => link.hasAttribute("aria-current"));
    const to = links[moved(at, by, links.length)] ?? find("[data-next]");
    if (to && links.indexOf(to) !== at) location.assign(to.href);
  }

  function reject(opens = true) {
    const place = find("[data-reject]");
    if (!place) return;
    place.hidden = !opens;
    if (!opens) return;
    place.scrollIntoView({ block: "nearest" });
    (place.querySelector(":checked") ?? place.querySelector("input")).focus();
  }

  const acts = {
    next: () => go(1),
    previous: () => go(-1),
    approve: () => find("[data-approve]")?.click(),
    edit: () => {
      const control = find("[data-fields]:not([hidden]) :is(input, select, textarea)") ?? find("[data-editor]:not([hidden]) textarea");
      control?.scrollIntoView({ block: "center" });
      control?.focus();
    },
    reject: () => reject(),
    claim: () => find("[data-claim] button:not(:disabled)")?.click(),
    send: () => find("[data-edit]:not(:disabled)")?.click(),
    leave: () => document.activeElement.blur(),
  };
  const pressed = (event) => {
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && event.target.matches?.("[name=reason]")) {
      event.preventDefault();
      find("[data-reject] button").click();
      return;
    }
    const act = reviewAct(event, { typing: event.target.closest?.(TYPING) != null });
    if (!act) return;
    event.preventDefault();
    acts[act]();
  };
  const clicked = (event) => {
    if (event.target.closest("[data-reject-open]")) reject();
    if (event.target.closest("[data-reject-not]")) reject(false);
  };
  const submitted = (event) => {
    const form = event.target;
    if (!form.matches("[data-decide]")) return;
    const decision = event.submitter?.value;
    const data = new FormData(form);
    const value = find("[data-changes][data-problems]");
    const reasonless = decision === "reject" && !data.get("reason") && !data.get("comment").trim();
    const forgotten = decision === "approve" && value && barState({ changes: value.dataset.changes, problems: "" }).edit;
    if (reasonless) {
      find("[data-reason-said]").hidden = false;
      reject();
    }
    if (forgotten) toast("You changed something: undo it, or approve the edit.", { state: "warn" });
    if (sent || !decision || reasonless || forgotten) {
      event.preventDefault();
      return;
    }
    sent = true;      // a double click decides once
    window.setTimeout(bar);
  };
  const shown = (event) => {      // back from the next page: the buttons live again
    if (event.persisted) location.reload();
  };
  const stops = [
    on(document, "keydown", pressed), on(page, "click", clicked), on(page, "submit", submitted),
    on(page, "ecoa:pulled", pulled), on(page, "ecoa:value", bar), on(window, "pageshow", shown),
  ];
  bar();
  begin(location.hash.slice(1));
  return () => stops.forEach((stop) => stop());

  function begin(act) {
    if (!["approve", "edit", "reject", "claim"].includes(act)) return;
    history.replaceState(null, "", location.pathname + location.search);
    if (act === "approve") find("[data-approve]")?.focus();       // opened with approval in mind: Enter gives it
    else window.setTimeout(acts[act], 200);
  }
}

const plural = (count) => (count === 0 ? "no changes" : count === 1 ? "1 change" : `${count} changes`);

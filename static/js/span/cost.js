// How a span's cost came about: the tokens of each bucket with the key they were read from, the price row, the formula.
import { el, icon } from "../waterfall/dom.js";

const WORDS = { input: "Input", cache_read: "Cached input", cache_write: "Written to cache", output: "Output", reasoning: "Reasoning" };

export function cost(whole) {
  const pricing = whole.pricing;
  return [verdict(pricing), tokens(pricing), price(pricing), compared(pricing)].filter(Boolean);
}

/** Dollars with every digit that they have. Pure. */
export function dollars(amount) {
  if (amount === null || amount === undefined) return "–";
  if (amount < 0) return `−${dollars(-amount)}`;
  const [whole, fraction = ""] = amount.toFixed(12).replace(/0+$/, "").split(".");
  return `$${Number(whole).toLocaleString("en")}.${fraction.padEnd(2, "0")}`;
}

function verdict({ counted, why_not, price, cost_usd }) {
  if (!counted) return note("warn", el("b", {}, "It is not in the sums. "), why_not);
  if (cost_usd === null) return note("warn", el("b", {}, "It is unpriced. "), "There is no price for its model; its tokens are in the sums.");
  return price ? null : note("warn", el("b", {}, "There is no price for its model. "), "What its sender reported counts.");
}

function tokens({ buckets }) {
  if (!buckets.length) return null;
  const row = ({ bucket, tokens, usd_per_mtok, cost_usd, key }) => el("tr", {},
    el("th", { scope: "row" }, WORDS[bucket], key ? el("span", { class: "cost-key" }, key) : null),
    el("td", { class: "num" }, tokens.toLocaleString("en")),
    el("td", { class: "num" }, usd_per_mtok === null ? "–" : dollars(usd_per_mtok)),
    el("td", { class: "num" }, dollars(cost_usd)));
  return el("section", {}, el("h3", {}, "Tokens"),
    el("table", { class: "cost-parts" },
      el("thead", {}, el("tr", {}, ...["", "Tokens", "$ per million", "Comes to"].map((word, place) => el("th", { scope: "col", class: place ? "num" : null }, word)))),
      el("tbody", {}, ...buckets.map(row))));
}

function price({ price, formula, service_tier }) {
  if (!price) return service_tier ? facts([["Service tier", service_tier]]) : null;
  const source = price.override_id === null ? price.source : "Price of this project";
  const valid = [price.valid_from && `from ${price.valid_from}`, price.valid_until && `until ${price.valid_until}`].filter(Boolean).join(" ");
  return el("section", {}, el("h3", {}, "Price"),
    facts([["Source", source], ["Row", [price.provider, price.model].filter(Boolean).join(" ")], ["Valid", valid], ["Service tier", service_tier]]),
    el("p", { class: "cost-formula", dir: "ltr" }, formula));
}

function compared({ computed_usd, reported_usd, difference_usd, cost_usd, outdated }) {
  const shown = [
    ["Computed", computed_usd === null ? null : dollars(computed_usd)],
    ["Reported", reported_usd === null ? null : dollars(reported_usd)],
    ["Reported is", difference_usd === null || difference_usd === 0 ? null : `${dollars(Math.abs(difference_usd))} ${difference_usd > 0 ? "more" : "less"}`],
    ["In the sums", cost_usd === null ? null : dollars(cost_usd)],
  ];
  return el("section", {}, el("h3", {}, "Cost"), facts(shown),
    outdated ? el("p", { class: "dim" }, "It was stored with an earlier price. Settings, Prices can price stored calls again.") : null);
}

function facts(pairs) {
  return el("dl", { class: "dl span-facts" }, ...pairs.filter(([, value]) => value).flatMap(([name, value]) => [el("dt", {}, name), el("dd", { class: "cut", title: value }, value)]));
}

function note(state, ...words) {
  return el("div", { class: "note", "data-state": state }, icon("s-warn"), el("p", {}, ...words));
}

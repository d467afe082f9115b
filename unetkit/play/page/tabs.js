// The tabs below the drawing, and what is shown in those that only show text.
import { byId, element, facts, short } from "./element.js";

export class Tabs {
  /** `opened(name)` is called when another tab was chosen. */
  constructor(opened) {
    this.tabs = [...document.querySelectorAll('[role="tab"]')];
    this.opened = opened;
    for (const tab of this.tabs) {
      tab.addEventListener("click", () => this.open(nameOf(tab)));
      tab.addEventListener("keydown", (event) => this.key(event, tab));
    }
    this.select(nameOf(this.tabs[0]));
  }

  open(name) {
    this.select(name);
    this.opened(name);
  }

  select(name) {
    this.name = name;
    document.body.dataset.tab = name;
    for (const tab of this.tabs) {
      const chosen = nameOf(tab) === name;
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
      byId(tab.getAttribute("aria-controls")).hidden = !chosen;
    }
  }

  key(event, tab) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = this.tabs[(this.tabs.indexOf(tab) + step + this.tabs.length) % this.tabs.length];
    next.focus();
    this.open(nameOf(next));
    event.preventDefault();
  }
}

const nameOf = (tab) => tab.id.replace("tab-", "");
const COSTS = [["parameters", "Parameters"], ["macs", "MACs"], ["memory", "Memory"]];

/** The levels with bars of what each costs; `choose(level)` is called with the level of a row that was clicked. */
export function showLevels(levels, totals, choose) {
  const costs = COSTS.filter(([key]) => levels.some((level) => level[key]));
  const most = Object.fromEntries(costs.map(([key]) => [key, Math.max(...levels.map((level) => level[key] ?? 0))]));
  const row = (level) =>
    element("tr", { "data-level": level.level },
      element("th", { scope: "row" }, element("button", { class: "plain", onclick: () => choose(level) }, `level ${level.level}`)),
      element("td", { class: "number" }, String(level.channels ?? "")),
      element("td", {}, level.encoder ?? ""),
      element("td", {}, level.decoder ?? ""),
      costs.map(([key, label]) => {
        const bar = element("span", { class: `level-bar ${key}`, "aria-hidden": "true" });
        bar.style.width = `${most[key] ? Math.max(1, (100 * (level[key] ?? 0)) / most[key]) : 0}%`;
        return element("td", { class: "cost", title: `${label}: ${(level[key] ?? 0).toLocaleString("en")}` }, bar, element("span", {}, key === "memory" ? bytes(level[key]) : short(level[key] ?? 0)));
      }));
  const head = ["Level", "Channels", "Encoder", "Decoder", ...costs.map(([, label]) => label)];
  const table = element("table", {},
    element("thead", {}, element("tr", {}, head.map((each, index) => element("th", { scope: "col", class: index === 1 ? "number" : null }, each)))),
    element("tbody", {}, levels.map(row)));
  byId("panel-levels").replaceChildren(element("dl", { class: "totals" }, totals.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)))), element("div", { class: "wide" }, table));
}

export function bytes(count) {
  if (!count) return "0 B";
  for (const [size, unit] of [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]) if (count >= size) return `${(count / size).toPrecision(3)} ${unit}`;
  return `${count} B`;
}

export function showPart(part, go) {
  const panel = byId("panel-part");
  if (!part) {
    panel.replaceChildren(element("p", { class: "note" }, "Click a map or an arrow of the drawing, or reach it with Tab and the arrow keys."));
    return;
  }
  const places = (part.keys ?? []).map((key) => element("button", { class: "link", onclick: () => go(key) }, `line ${key.line}`));
  panel.replaceChildren(
    element("h2", {}, part.title),
    facts(part.facts),
    places.length ? element("p", { class: "note" }, "Its keys are highlighted in the spec: ", places) : element("p", { class: "note" }, "No key of the spec is its own: it follows from the defaults."),
  );
}

/** A text to read and copy. */
export function showText(name, text) {
  const copy = element("button", { onclick: () => navigator.clipboard.writeText(text) }, "Copy");
  byId(`panel-${name}`).replaceChildren(element("div", { class: "text" }, copy, element("pre", { tabindex: "0" }, text)));
}

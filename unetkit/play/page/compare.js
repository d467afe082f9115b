// The comparison with a second spec: an example, a file, or the text as it was.
import { attempt, byId, element } from "./element.js";

export class CompareView {
  /** `changed()` is called when there is another spec to compare with; `text()` gives the text that is edited. */
  constructor({ changed, text, example }) {
    this.other = null;
    this.label = "";
    const set = (other, label) => {
      this.other = other;
      this.label = label;
      changed();
    };
    const chosen = attempt(async () => this.select.value && set(await example(this.select.value), this.select.value));
    const loaded = attempt(async () => this.file.files[0] && set(await this.file.files[0].text(), this.file.files[0].name));
    this.select = element("select", { id: "other", onchange: chosen });
    this.file = element("input", { type: "file", accept: ".yaml,.yml", id: "other-file", onchange: loaded });
    this.shown = element("div", { id: "diff" });
    byId("panel-diff").append(
      element("div", { class: "choices" },
        element("label", { for: "other" }, "Compare with ", this.select),
        element("label", { for: "other-file" }, "or a file ", this.file),
        element("button", { id: "other-now", onclick: () => set(text(), "the text as it was") }, "Compare with the text as it is now")),
      this.shown,
    );
  }

  show(diff) {
    if (!this.other) {
      this.shown.replaceChildren(element("p", { class: "note" }, "Choose a second spec: both networks are drawn in one picture, with what differs."));
      return;
    }
    if (!diff) return;
    if (diff.faults?.length) {
      this.shown.replaceChildren(element("p", { class: "error" }, `${this.label} cannot be compared:`), element("ul", {}, diff.faults.map((fault) => element("li", {}, fault.message))));
      return;
    }
    const picture = element("div", { class: "pair" });
    picture.innerHTML = diff.svg ?? "";
    const heads = ["", this.label, "This spec"];
    this.shown.replaceChildren(
      picture,
      diff.same ? element("p", {}, "Nothing differs.") : table(heads, diff.rows),
      table([...heads, "Change"], diff.costs ?? []),
    );
  }
}

function table(heads, rows) {
  if (!rows.length) return "";
  const row = (cells) => element("tr", {}, cells.map((cell, index) => element(index ? "td" : "th", { scope: index ? null : "row" }, String(cell ?? ""))));
  const head = element("tr", {}, heads.map((each) => element(each ? "th" : "td", { scope: each ? "col" : null }, each)));
  return element("div", { class: "wide" }, element("table", {}, element("thead", {}, head), element("tbody", {}, rows.map(row))));
}

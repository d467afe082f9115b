// The study mode: keys with the values to try, the arms that follow with their costs, and the study file.
import { byId, download, element, facts, short } from "./element.js";
import { bytes } from "./tabs.js";

export class StudyView {
  /** `ask(axes)` gives the study; `marked()` is the path of the key at the cursor; `known(path)` the values it may have. */
  constructor({ ask, marked, known }) {
    this.axes = new Map(); // path: the values as text
    this.askStudy = ask;
    this.known = known;
    this.path = element("input", { id: "study-path", placeholder: "block.type", autocomplete: "off", spellcheck: "false" });
    this.keys = element("ul", { id: "study-keys", "aria-label": "Keys of the study" });
    this.result = element("div", { id: "study", "aria-live": "polite" });
    const add = () => {
      const path = this.path.value.trim() || marked();
      if (path) this.add(path);
      this.path.value = "";
    };
    this.path.addEventListener("keydown", (event) => event.key === "Enter" && add());
    byId("panel-study").append(
      element("p", { class: "note" }, "Mark keys of the spec and list their values: each value that differs from the base is an arm of the study."),
      element("div", { class: "choices" },
        element("label", { for: "study-path" }, "Key ", this.path),
        element("button", { id: "study-add", onclick: add }, "Add"),
        element("button", { id: "study-mark", onclick: () => { const path = marked(); if (path) this.add(path); } }, "Mark the key at the cursor")),
      this.keys,
      this.result,
    );
  }

  add(path, values = "") {
    if (!this.axes.has(path)) this.axes.set(path, values || this.known(path).slice(0, 2).join(", "));
    this.list();
    this.update();
  }

  list() {
    this.keys.replaceChildren(...[...this.axes].map(([path, values], index) => {
      const field = element("input", { id: `study-values-${index}`, value: values, size: "28", autocomplete: "off", spellcheck: "false", placeholder: "values, separated by commas" });
      field.addEventListener("input", () => {
        this.axes.set(path, field.value);
        this.update();
      });
      const remove = element("button", { "aria-label": `Remove ${path}`, onclick: () => { this.axes.delete(path); this.list(); this.update(); } }, "Remove");
      const known = this.known(path);
      return element("li", {},
        element("label", { for: field.id }, element("code", {}, path)), field, remove,
        known.length ? element("span", { class: "note" }, `known: ${known.slice(0, 12).join(", ")}${known.length > 12 ? ", …" : ""}`) : "");
    }));
  }

  /** The values of each key as YAML values: what stands in brackets stays together. */
  values() {
    const axes = {};
    for (const [path, text] of this.axes) {
      const found = split(text).map((each) => each.trim()).filter(Boolean);
      if (found.length) axes[path] = found.map(valueOf);
    }
    return axes;
  }

  async update() {
    const axes = this.values();
    if (!Object.keys(axes).length) {
      this.result.replaceChildren();
      return;
    }
    const turn = (this.turn = Symbol("study"));
    let answer;
    try {
      answer = await this.askStudy(axes);
    } catch (error) {
      answer = { faults: [{ message: error.message }] };
    }
    if (turn === this.turn) this.show(answer);
  }

  show(answer) {
    const lines = (texts, look) => (texts.length ? element("ul", { class: look }, texts.map((each) => element("li", {}, each))) : "");
    const faults = (answer.faults ?? []).map((fault) => [fault.path, fault.message, fault.cure].filter(Boolean).join(": "));
    if (answer.refused) faults.push(answer.refused);
    const arms = answer.arms ?? [];
    const table = element("table", {},
      element("thead", {}, element("tr", {}, ["Arm", "Parameters", "MACs", "Memory"].map((each, index) => element("th", { scope: "col", class: index ? "number" : null }, each)))),
      element("tbody", {}, arms.map((arm) => element("tr", {},
        element("th", { scope: "row" }, arm.name, arm.skipped ? element("span", { class: "note" }, ` left out: ${arm.skipped}`) : ""),
        [[arm.parameters, short], [arm.macs, short], [arm.memory, bytes]].map(([count, words]) => element("td", { class: "number" }, count === null ? "–" : words(count)))))));
    this.result.replaceChildren(
      lines(faults, "error"),
      lines((answer.warnings ?? []).map(String), "warning"),
      answer.costs ? facts(answer.costs) : "",
      arms.length ? element("div", { class: "wide" }, table) : "",
      answer.yaml ? element("div", { class: "text" },
        element("button", { id: "study-save", onclick: () => download("study.yaml", answer.yaml, "text/yaml") }, "Save the study file"),
        element("pre", { tabindex: "0" }, answer.yaml)) : "",
    );
  }
}

/** Parts between commas that are not inside brackets. */
function split(text) {
  const parts = [""];
  let depth = 0;
  for (const letter of text) {
    if ("[{".includes(letter)) depth += 1;
    if ("]}".includes(letter)) depth -= 1;
    if (letter === "," && depth <= 0) parts.push("");
    else parts[parts.length - 1] += letter;
  }
  return parts;
}

function valueOf(text) {
  if (/^-?\d+(\.\d+)?(e-?\d+)?$/i.test(text)) return Number(text);
  if (text === "true" || text === "false") return text === "true";
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
